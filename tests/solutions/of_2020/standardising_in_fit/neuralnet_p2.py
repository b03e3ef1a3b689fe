import numpy as np
import torch


class NeuralNet(torch.nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super(NeuralNet, self).__init__()
        self.loss_fn = loss_fn
        self.conv = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, kernel_size=3, stride=1, padding=1), torch.nn.LeakyReLU(), torch.nn.MaxPool2d(2, 2)
        )
        self.lin = torch.nn.Sequential(
            torch.nn.Linear(3136, 100), torch.nn.LeakyReLU(), torch.nn.Linear(100, out_size)
        )
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lrate)

    def set_parameters(self, params):
        self.params = params

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        x = self.conv(x.view(x.shape[0], 1, 28, 28))
        return self.lin(x.view(x.shape[0], -1))

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.forward(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    # data standardization
    mean = train_set.mean()
    std = train_set.std()
    train_set = (train_set - mean) / std
    dev_set = (dev_set - mean) / std

    net = NeuralNet(0.002, torch.nn.CrossEntropyLoss(), 784, 5)
    losses = []
    num_batches = max(1, int(train_set.shape[0] / batch_size))
    for i in range(n_iter):
        b = i % num_batches
        batch = train_set[b * batch_size : (b + 1) * batch_size]
        labels = train_labels[b * batch_size : (b + 1) * batch_size]
        losses.append(net.step(batch, labels))
    yhats = np.argmax(net.forward(dev_set).detach().numpy(), axis=1)
    return losses, yhats, net
