"""The source of an autoencoder for MP6 that learns nothing: for cheats in its Encoder and Decoder."""

# the end of fit is the cheat's own
NET = """
class NeuralNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x.reshape(-1, 1, 28, 28))).flatten(1)

    def step(self, x):
        return 1.0


def fit(train_set, dev_set, n_iter, batch_size=100):
    net = NeuralNet()
    losses = [net.step(train_set[:batch_size]) / (i + 1) for i in range(n_iter)]
"""
