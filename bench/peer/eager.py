"""The model as one would write it first: a module per network, a loop over them."""

import torch
from torch import nn
from torch.nn import functional as F

from wiring import LARGEST_EXPONENT, LEAST_OWN, LEAST_SIGMA, NETWORK_PULL, SKIP_PULL, divergence, error


def network(w, kind, i):
    modules = []
    for k in range(w.layers):
        weight = w.model.parameter(f"{kind}.{i}.w{k}")
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(w.model.parameter(f"{kind}.{i}.b{k}"))
        modules += [layer, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


class Skip(nn.Module):
    """log(a + sum of calls times latency), relative to the node's usual latency."""

    def __init__(self, w, node):
        super().__init__()
        self.own = nn.Parameter(w.model.parameter(f"skip.{node}.own"))
        self.weights = nn.Parameter(w.model.parameter(f"skip.{node}.weights"))
        self.shift, self.slope = w.shift(node)
        self.spread = w.spread(node)

    def forward(self, factors, parents):
        """factors [n, terms], parents [n, terms, D]; returns [n, D]."""
        e = (factors[:, :, None] + self.shift + self.slope * parents).clamp(max=LARGEST_EXPONENT)
        total = F.softplus(self.own) + LEAST_OWN + (F.softplus(self.weights) * e.exp()).sum(1)
        return total.log() / self.spread


class Eager(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.w = w
        self.encoders = nn.ModuleList(network(w, "encoder", i) for i in range(len(w.latents)))
        self.priors = nn.ModuleList(network(w, "prior", i) for i in range(len(w.latents)))
        self.decoders = nn.ModuleList(network(w, "decoder", i) for i in range(len(w.nodes)))
        self.skips = nn.ModuleDict({str(i): Skip(w, i) for i in range(len(w.nodes)) if w.skips(i)})
        self.start = [p.detach().clone() for p in self.skips.parameters()]

    def factors(self, b, node):
        first = self.w.first_term[node]
        return b.factors[first : first + len(self.w.nodes[node][3])].T

    def forward(self, b, eps):
        """Returns the loss, and the loss with the penalty, which is differentiated."""
        w, d, n = self.w, self.w.d, b.x.shape[1]
        x = b.x.T
        known = b.known.T.reshape(n, -1, d)
        present = b.present.T.reshape(n, -1, d)
        fixed = {}
        for key, skip in self.skips.items():
            i = int(key)
            fixed[i] = skip(self.factors(b, i), known[:, w.skips(i)])

        q, p = [], []
        for i, (columns, _) in enumerate(w.latents):
            parts = []
            for node in w.sees[i]:
                y = known[:, node]
                if w.innovates(i, node):
                    y = torch.where(present[:, node], y - fixed[node], 0.0)
                parts.append(y.clamp(-w.limit, w.limit))
            parts.append(x[:, columns])
            q.append(self.encoders[i](torch.cat(parts, 1)))
            p.append(self.priors[i](x[:, columns]))
        q, p = torch.stack(q), torch.stack(p)  # [latents, n, 2]
        mu_q, mu_p = q[:, :, 0], p[:, :, 0]
        sigma_q, sigma_p = F.softplus(q[:, :, 1]) + LEAST_SIGMA, F.softplus(p[:, :, 1]) + LEAST_SIGMA
        half = len(w.latents)
        z_q, z_p = mu_q + sigma_q * eps[:half], mu_p + sigma_p * eps[half:]
        z = torch.cat([z_q, z_p, z_q, z_p], 1)  # [latents, 4n]
        x4 = x.repeat(4, 1)

        predictions = []
        for i, (latents, parents, columns, _, _) in enumerate(w.nodes):
            parts = [z[latents].T]
            for parent in parents:
                chained = predictions[parent][: 2 * n]
                parts.append(torch.cat([chained, known[:, parent], known[:, parent]]).clamp(-w.limit, w.limit))
            parts.append(x4[:, columns])
            out = self.decoders[i](torch.cat(parts, 1))
            if i in fixed:
                inputs = torch.stack([predictions[k][: 2 * n] for k in w.skips(i)], 1)
                chained = self.skips[str(i)](self.factors(b, i).repeat(2, 1), inputs)
                out = out + torch.cat([chained, fixed[i], fixed[i]])
            predictions.append(out)

        columns, kl = w.objective()
        predicted = torch.stack(predictions, 1).reshape(4, n, -1, d)
        errors = torch.where(present, error(w, predicted - known), 0.0).sum((1, 2, 3))
        loss = (errors * torch.tensor(columns)).sum() + kl * divergence(mu_q, sigma_q, mu_p, sigma_p)
        outputs = len(w.nodes) * d
        loss = loss / (n * outputs)
        return loss, loss + self.penalty() / outputs

    def penalty(self):
        total = torch.zeros(())
        for value, start in zip(self.skips.parameters(), self.start):
            total = total + SKIP_PULL * ((value - start) ** 2).sum()
        for i in self.skips:
            total = total + NETWORK_PULL * (self.decoders[int(i)][-1].weight ** 2).sum()
        return total
