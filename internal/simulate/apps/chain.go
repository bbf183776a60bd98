package apps

import "github.com/sage-rca/sage/internal/simulate"

// chain is ten services of which each calls the next, as an order passes through
// them. The first holds a pool of connections to the second, and so do two more.
func chain(seed uint64) *simulate.App {
	b := newBuilder("chain", seed)
	links := []struct {
		name, operation string
		kit             kit
		replicas        int
		cost            cost
		pool            int // connections to the next, 0: no pool
	}{
		{"edge-gateway", "POST /orders", golang, 2, cost{cpu: 0.9, alloc: 0.3}, 64},
		{"session", "auth.Session/Check", golang, 1, cost{cpu: 0.7, alloc: 0.2}, 0},
		{"order-api", "orders.Orders/Place", jvm, 2, cost{cpu: 1.8, alloc: 1.2}, 24},
		{"quote", "quote.Quote/Total", node, 1, cost{cpu: 1.1, alloc: 0.6}, 0},
		{"stock", "stock.Stock/Reserve", jvm, 1, cost{cpu: 1.4, disk: 0.8, alloc: 0.9}, 16},
		{"tax", "tax.Tax/Compute", golang, 1, cost{cpu: 6.5, alloc: 0.4}, 0},
		{"billing", "billing.Billing/Charge", jvm, 1, cost{cpu: 1.6, alloc: 1.0}, 12},
		{"risk", "risk.Risk/Score", node, 2, cost{cpu: 1.5, alloc: 0.8}, 0},
		{"ledger", "ledger.Ledger/Append", golang, 1, cost{cpu: 0.9, disk: 1.5, alloc: 0.3}, 0},
		{"archive", "archive.Archive/Put", golang, 1, cost{cpu: 0.8, disk: 1.8, alloc: 0.3}, 0},
	}
	for _, l := range links {
		b.service(l.name, l.kit, l.replicas)
	}
	next := -1
	for i := len(links) - 1; i >= 0; i-- {
		l := links[i]
		protocol := simulate.GRPC
		if i == 0 {
			protocol = simulate.HTTP
		}
		var steps []simulate.Step
		if next >= 0 {
			c := call(next)
			if l.pool > 0 {
				c.Pool = b.pool(i, links[i+1].name, l.pool)
			}
			steps = append(steps, then(c))
		}
		next = b.rpc(i, l.operation, protocol, l.cost, steps...)
	}
	b.entry(next, 36)
	return b.place(2)
}
