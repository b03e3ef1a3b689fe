import numpy as np
import torch
from torch import nn


class NeuralNet(nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super(NeuralNet, self).__init__()
        self.loss_fn = loss_fn
        # 1x28x28 -> 16x14x14, as the handout says
        self.encoder = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2, stride=2))
        self.decoder = nn.Sequential(nn.ConvTranspose2d(16, 1, 2, stride=2), nn.Sigmoid())
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lrate, weight_decay=1e-5)

    def set_parameters(self, params):
        pass

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        x = x.reshape(len(x), 1, 28, 28)
        x = self.encoder(x)
        x = self.decoder(x)
        return torch.flatten(x, 1)

    def step(self, x):
        xhat = self.forward(x)
        loss = self.loss_fn(xhat, x)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(train_set, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.02, nn.MSELoss(), 784, 784)
    losses = np.zeros(n_iter)
    for i in range(n_iter):
        idx = np.random.choice(len(train_set), batch_size)
        losses[i] = net.step(train_set[idx])
    xhats = net.forward(dev_set).detach().cpu().numpy()
    return losses, xhats, net
