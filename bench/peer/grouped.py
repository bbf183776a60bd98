"""The same model with networks of one shape stacked, so that each layer of a group is
one batched matrix product. Decoders are grouped by their depth in the causal graph."""

from itertools import groupby

import torch
from torch import nn
from torch.nn import functional as F

from wiring import LARGEST_EXPONENT, LEAST_OWN, LEAST_SIGMA, NETWORK_PULL, SKIP_PULL, divergence, error


def groups(items, key):
    """Lists of the items that have the same key, ordered by key."""
    return [list(g) for _, g in groupby(sorted(items, key=key), key=key)]


class Bank(nn.Module):
    """Networks of one shape: [networks, rows, columns] in and out."""

    def __init__(self, w, kind, members):
        super().__init__()
        stack = lambda name, k: torch.stack([w.model.parameter(f"{kind}.{i}.{name}{k}") for i in members])
        self.weights = nn.ParameterList(nn.Parameter(stack("w", k)) for k in range(w.layers))
        self.biases = nn.ParameterList(nn.Parameter(stack("b", k)[:, :, None]) for k in range(w.layers))

    def forward(self, x):
        last = len(self.weights) - 1
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = torch.baddbmm(bias, weight, x)
            if k < last:
                x = x.relu()
        return x


class Skips(nn.Module):
    """Skip paths with the same number of terms."""

    def __init__(self, w, members):
        super().__init__()
        self.own = nn.Parameter(torch.stack([w.model.parameter(f"skip.{i}.own") for i in members]))
        self.weights = nn.Parameter(torch.stack([w.model.parameter(f"skip.{i}.weights") for i in members]))
        pairs = [w.shift(i) for i in members]
        self.shift = torch.stack([p[0] for p in pairs])[..., None]
        self.slope = torch.stack([p[1] for p in pairs])[..., None]
        self.spread = torch.stack([w.spread(i) for i in members])[..., None]
        self.terms = torch.tensor([w.first_term[i] + t for i in members for t in range(len(w.skips(i)))])
        self.start = [self.own.detach().clone(), self.weights.detach().clone()]

    def forward(self, factors, parents):
        """factors [terms of all, n], parents [members, terms, D, n]; returns [members, D, n]."""
        g, t = self.weights.shape[:2]
        f = factors.index_select(0, self.terms).reshape(g, t, 1, -1)
        e = (f + self.shift + self.slope * parents).clamp(max=LARGEST_EXPONENT)
        total = (F.softplus(self.own) + LEAST_OWN)[..., None] + (F.softplus(self.weights)[..., None] * e.exp()).sum(1)
        return total.log() / self.spread

    def penalty(self):
        return ((self.own - self.start[0]) ** 2).sum() + ((self.weights - self.start[1]) ** 2).sum()


class Latents(nn.Module):
    """Encoders of one shape; rows are of known latencies, of what skip paths leave, of X."""

    def __init__(self, w, members, left):
        super().__init__()
        self.members, self.bank = members, Bank(w, "encoder", members)
        known, innovations = len(w.nodes) * w.d, len(left)
        rows = []
        for i in members:
            for node in w.sees[i]:
                for c in range(node * w.d, node * w.d + w.d):
                    rows.append(known + left.index(c) if w.innovates(i, node) else c)
            rows += [known + innovations + c for c in w.latents[i][0]]
        self.rows = torch.tensor(rows)

    def forward(self, source):
        return self.bank(source.index_select(0, self.rows).reshape(len(self.members), -1, source.shape[1]))


class Priors(nn.Module):
    def __init__(self, w, members):
        super().__init__()
        self.members, self.bank = members, Bank(w, "prior", members)
        self.rows = torch.tensor([c for i in members for c in w.latents[i][0]])

    def forward(self, x):
        return self.bank(x.index_select(0, self.rows).reshape(len(self.members), -1, x.shape[1]))


class Level(nn.Module):
    """Decoders of one shape and depth."""

    def __init__(self, w, members, before):
        super().__init__()
        self.members, self.bank, self.d = members, Bank(w, "decoder", members), w.d
        at = {}  # of a node: its level, its place there
        for k, level in enumerate(before):
            for j, i in enumerate(level.members):
                at[i] = (k, j)
        self.sources = sorted({at[p][0] for i in members for p in w.nodes[i][1]})
        first, offset = {}, 0
        for k in self.sources:
            first[k] = offset
            offset += len(before[k].members) * w.d
        place = lambda p: [first[at[p][0]] + at[p][1] * w.d + c for c in range(w.d)]
        index = lambda rows: torch.tensor(rows, dtype=torch.long)
        self.z = index([v for i in members for v in w.nodes[i][0]])
        self.parents = index([r for i in members for p in w.nodes[i][1] for r in place(p)])
        self.x = index([c for i in members for c in w.nodes[i][2]])
        self.own = index([i * w.d + c for i in members for c in range(w.d)])
        self.skip_rows = index([r for i in members for p in w.skips(i) for r in place(p)])
        self.skip = Skips(w, members) if w.skips(members[0]) else None

    def forward(self, w, b, z, x4, clamped, fixed, predictions, inputs):
        """Appends the predictions [rows, 4n], and what the decoders of children see of them."""
        g, n = len(self.members), b.x.shape[1]
        parts = [z.index_select(0, self.z).reshape(g, -1, 4 * n)]
        if self.sources:
            seen = torch.cat([inputs[k] for k in self.sources])
            parts.append(seen.index_select(0, self.parents).reshape(g, -1, 4 * n))
        parts.append(x4.index_select(0, self.x).reshape(g, -1, 4 * n))
        out = self.bank(torch.cat(parts, 1))
        if self.skip is not None:
            chained = torch.cat([predictions[k] for k in self.sources])[:, : 2 * n]
            parents = chained.index_select(0, self.skip_rows).reshape(g, -1, self.d, 2 * n)
            moved = self.skip(b.factors.repeat(1, 2), parents)
            rest = fixed.index_select(0, self.fixed).reshape(g, self.d, n)
            out = out + torch.cat([moved, rest, rest], 2)
        out = out.reshape(-1, 4 * n)
        known = clamped.index_select(0, self.own)
        predictions.append(out)
        inputs.append(torch.cat([out[:, : 2 * n].clamp(-w.limit, w.limit), known, known], 1))


class Grouped(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.w = w
        nodes, latents = range(len(w.nodes)), range(len(w.latents))
        shape = lambda i: tuple(len(v) for v in w.nodes[i][:3]) + (len(w.skips(i)),)
        levels = []
        for members in groups(nodes, lambda i: (w.level[i], shape(i))):
            levels.append(Level(w, members, levels))
        self.levels = nn.ModuleList(levels)
        # What skip paths leave unexplained: rows in the order of levels.
        left = [r for level in levels if level.skip for r in level.own.tolist()]
        self.left = torch.tensor(left, dtype=torch.long)
        offset = 0
        for level in levels:
            if level.skip:
                level.fixed = torch.arange(offset, offset + len(level.own))
                offset += len(level.own)
        self.skipped = [level for level in levels if level.skip]
        self.observed = [
            torch.tensor([p * w.d + c for i in level.members for p in w.skips(i) for c in range(w.d)])
            for level in self.skipped
        ]
        self.encoders = nn.ModuleList(
            Latents(w, m, left) for m in groups(latents, lambda i: len(w.sees[i]) * w.d + len(w.latents[i][0]))
        )
        self.priors = nn.ModuleList(Priors(w, m) for m in groups(latents, lambda i: len(w.latents[i][0])))
        order = lambda banks: torch.tensor([i for b in banks for i in b.members]).argsort()
        self.encoder_order, self.prior_order = order(self.encoders), order(self.priors)
        self.order = torch.cat([level.own for level in levels])
        columns, self.kl = w.objective()
        self.columns = torch.tensor(columns)

    def forward(self, b, eps):
        w, n = self.w, b.x.shape[1]
        fixed = b.known[:0]
        if self.skipped:
            rows = []
            for level, observed in zip(self.skipped, self.observed):
                parents = b.known.index_select(0, observed).reshape(len(level.members), -1, w.d, n)
                rows.append(level.skip(b.factors, parents).reshape(-1, n))
            fixed = torch.cat(rows)
        clamped = b.known.clamp(-w.limit, w.limit)
        left = b.known.index_select(0, self.left) - fixed
        left = torch.where(b.present.index_select(0, self.left), left, 0.0).clamp(-w.limit, w.limit)
        source = torch.cat([clamped, left, b.x])
        q = torch.cat([e(source) for e in self.encoders]).index_select(0, self.encoder_order)
        p = torch.cat([e(b.x) for e in self.priors]).index_select(0, self.prior_order)
        mu_q, mu_p = q[:, 0], p[:, 0]
        sigma_q, sigma_p = F.softplus(q[:, 1]) + LEAST_SIGMA, F.softplus(p[:, 1]) + LEAST_SIGMA
        half = len(w.latents)
        z_q, z_p = mu_q + sigma_q * eps[:half], mu_p + sigma_p * eps[half:]
        z, x4 = torch.cat([z_q, z_p, z_q, z_p], 1), b.x.repeat(1, 4)

        predictions, inputs = [], []
        for level in self.levels:
            level(w, b, z, x4, clamped, fixed, predictions, inputs)
        predicted = torch.cat(predictions).reshape(-1, 4, n)
        known, present = b.known.index_select(0, self.order), b.present.index_select(0, self.order)
        errors = error(w, predicted - known[:, None]) * present[:, None]
        loss = (errors.sum((0, 2)) * self.columns).sum() + self.kl * divergence(mu_q, sigma_q, mu_p, sigma_p)
        outputs = len(w.nodes) * w.d
        loss = loss / (n * outputs)
        return loss, loss + self.penalty() / outputs

    def penalty(self):
        total = torch.zeros(())
        for level in self.skipped:
            total = total + SKIP_PULL * level.skip.penalty() + NETWORK_PULL * (level.bank.weights[-1] ** 2).sum()
        return total
