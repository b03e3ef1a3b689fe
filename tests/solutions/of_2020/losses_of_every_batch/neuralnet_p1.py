import numpy as np
import torch


class NeuralNet(torch.nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super(NeuralNet, self).__init__()
        self.loss_fn = loss_fn
        self.model = torch.nn.Sequential(
            torch.nn.Linear(in_size, 128),
            torch.nn.Sigmoid(),
            torch.nn.Linear(128, out_size),
        )
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lrate)

    def set_parameters(self, params):
        self.params = params

    def get_parameters(self):
        return self.model.parameters()

    def forward(self, x):
        return self.model(x)

    def step(self, x, y):
        self.optimizer.zero_grad()
        L = self.loss_fn(self.model(x), y)
        L.backward()
        self.optimizer.step()
        return L.item()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.05, torch.nn.CrossEntropyLoss(), 784, 3)
    batches = [
        (train_set[k : k + batch_size], train_labels[k : k + batch_size])
        for k in range(0, train_set.shape[0], batch_size)
    ]
    losses = []
    for _ in range(n_iter):
        for x, y in batches:
            losses.append(net.step(x, y))
    yhats = []
    for row in net(dev_set).detach().numpy():
        yhats.append(int(np.argmax(row)))
    return losses, np.array(yhats), net
