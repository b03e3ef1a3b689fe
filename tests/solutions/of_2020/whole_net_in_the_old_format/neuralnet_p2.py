import numpy as np
import torch


class NeuralNet(torch.nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super(NeuralNet, self).__init__()
        self.loss_fn = loss_fn
        self.conv1 = torch.nn.Conv2d(1, 16, 3, 1, 1)
        self.pool = torch.nn.MaxPool2d(2)
        self.fc = torch.nn.Linear(16 * 14 * 14, out_size)
        self.opt = torch.optim.Adam(self.parameters(), lrate)

    def set_parameters(self, params):
        i = 0
        for p in self.parameters():
            p.data.copy_(params[i])
            i += 1

    def get_parameters(self):
        return [p for p in self.parameters()]

    def forward(self, x):
        x = x.view(-1, 1, 28, 28) / 255.0
        x = self.pool(torch.nn.functional.selu(self.conv1(x)))
        return self.fc(x.view(x.size(0), -1))

    def step(self, x, y):
        self.opt.zero_grad()
        loss = self.loss_fn(self.forward(x), y)
        # L2 regularization
        for p in self.parameters():
            loss = loss + 1e-5 * (p**2).sum()
        loss.backward()
        self.opt.step()
        return loss.item()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.003, torch.nn.CrossEntropyLoss(), 784, 5)
    losses = []
    n_batches = max(1, len(train_set) // batch_size)
    for i in range(n_iter):
        j = i % n_batches
        x_batch = train_set[j * batch_size : (j + 1) * batch_size, :]
        y_batch = train_labels[j * batch_size : (j + 1) * batch_size]
        losses.append(net.step(x_batch, y_batch))
    yhats = torch.argmax(net(dev_set), dim=1).numpy()
    return losses, np.array(yhats), net
