import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class NeuralNet(nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super().__init__()
        self.loss_fn = loss_fn
        self.lrate = lrate
        self.l1 = nn.Linear(in_size, 64)
        self.l2 = nn.Linear(64, 32)
        self.l3 = nn.Linear(32, out_size)
        self.optim = torch.optim.SGD(self.parameters(), lr=lrate, momentum=0.9, weight_decay=1e-4)

    def set_parameters(self, params):
        self.load_state_dict(params)

    def get_parameters(self):
        return list(self.parameters())

    def forward(self, x):
        x = (x - 72.0) / 90.0
        x = F.leaky_relu(self.l1(x))
        x = F.leaky_relu(self.l2(x))
        return self.l3(x)

    def step(self, x, y):
        yhat = self(x)
        loss = self.loss_fn(yhat, y)
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()
        return loss.detach().numpy()


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.01, nn.CrossEntropyLoss(), 784, 5)
    losses = []
    for epoch in range(n_iter):
        # go over the whole training set, as one iteration
        total = 0.0
        count = 0
        for first in range(0, train_set.shape[0], batch_size):
            x = train_set[first : first + batch_size]
            y = train_labels[first : first + batch_size]
            total += float(net.step(x, y))
            count += 1
        losses.append(total / count)
    with torch.no_grad():
        yhats = net(dev_set).numpy()
    return losses, np.argmax(yhats, axis=1), net
