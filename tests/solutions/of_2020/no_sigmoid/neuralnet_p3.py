import torch
import torch.nn as nn
import torch.optim as optim


class NeuralNet(nn.Module):
    def __init__(self, lrate, loss_fn, in_size, out_size):
        super(NeuralNet, self).__init__()
        self.lossFunction = loss_fn
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 4, 3, stride=2, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(4, 8, 2, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 2, stride=2),
        )
        self.optimizer = optim.Adam(self.parameters(), lr=lrate)

    def set_parameters(self, params):
        return

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        x = x.view(-1, 1, 28, 28)
        return self.decoder(self.encoder(x)).view(-1, 784)

    def step(self, x):
        loss = self.lossFunction(self.forward(x), x)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(train_set, dev_set, n_iter, batch_size=100):
    model = NeuralNet(0.01, nn.MSELoss(), 784, 784)
    losses = []
    i = 0
    for it in range(n_iter):
        if i + batch_size > len(train_set):
            i = 0
        losses.append(model.step(train_set[i : i + batch_size]))
        i += batch_size
    xhats = model(dev_set).detach().numpy()
    return losses, xhats, model
