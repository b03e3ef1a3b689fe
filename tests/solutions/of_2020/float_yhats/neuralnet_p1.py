import numpy as np

import torch
import torch.nn as nn
import torch.optim as optim


class NeuralNet(torch.nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super(NeuralNet, self).__init__()
        self.loss_fn = loss_fn
        self.fc1 = nn.Linear(in_size, 128)
        self.fc2 = nn.Linear(128, out_size)
        self.optimizer = optim.Adam(self.parameters(), lr=lrate)

    def set_parameters(self, params):
        for mine, new in zip(self.parameters(), params):
            mine.data = new.data

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x / 255)))

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.forward(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.005, nn.CrossEntropyLoss(), train_set.shape[1], 3)
    losses = []
    for i in range(n_iter):
        start = (i * batch_size) % len(train_set)
        losses.append(net.step(train_set[start : start + batch_size], train_labels[start : start + batch_size]))

    yhats = np.zeros(len(dev_set))
    for i in range(len(dev_set)):
        yhats[i] = torch.argmax(net.forward(dev_set[i].view(1, -1)))
    return losses, yhats, net
