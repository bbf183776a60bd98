//go:build e2e

package e2e

import (
	"context"
	"path/filepath"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/sage-rca/sage/e2e/hotrod"
)

// fault is something real that goes wrong, and what an event should make of it.
type fault struct {
	name, what string
	// An event is right where it names the service, and the mechanism, as any of
	// these.
	services, mechanisms []string
	inject               func(ctx context.Context, s *stage) (undo func() error, err error)
}

// faults are all that HotROD is put through, in order.
func faults() []fault {
	return []fault{
		{
			name: "db-delay", what: "customer restarted with 500 ms per query instead of 50 ms",
			services: []string{"mysql"}, mechanisms: []string{"latent"},
			inject: restarted(hotrod.Customer, hotrod.SlowDatabase),
		},
		{
			name: "db-mutex", what: "customer restarted with one database connection, for which queries queue",
			services: []string{"mysql"}, mechanisms: []string{"latent"},
			inject: restarted(hotrod.Customer, hotrod.OneConnection),
		},
		{
			name: "worker-pool", what: "frontend restarted with 8 route workers instead of 100",
			services: []string{"frontend"}, mechanisms: []string{"pool", "queue_wait"},
			inject: restarted(hotrod.Frontend, hotrod.FewWorkers),
		},
		{
			name: "network-delay", what: "toxiproxy delays what driver answers by 300 ms",
			services: []string{"driver"}, mechanisms: []string{"network"},
			inject: delayed(hotrod.Driver, `{"name":"slow","type":"latency","attributes":{"latency":300,"jitter":20}}`),
		},
		{
			name: "cpu-contention", what: "route at nice 13 shares one core with 4 computing processes",
			services: []string{"route"}, mechanisms: []string{"cpu"},
			inject: contended(hotrod.Route, hotrod.Contention{Core: 1, Nice: 13, Burners: 4}),
		},
	}
}

// restarted runs a service with other flags; undone, with the healthy ones.
func restarted(svc hotrod.Service, flags []string) func(context.Context, *stage) (func() error, error) {
	return func(ctx context.Context, s *stage) (func() error, error) {
		return func() error { return s.App.Restart(ctx, svc, hotrod.Healthy) }, s.App.Restart(ctx, svc, flags)
	}
}

// delayed puts a toxic into the proxy before a service.
func delayed(svc hotrod.Service, toxic string) func(context.Context, *stage) (func() error, error) {
	return func(ctx context.Context, s *stage) (func() error, error) {
		toxics := s.proxies[svc].Toxics
		added, err := toxics.AddToxicJson(strings.NewReader(toxic))
		if err != nil {
			return nil, err
		}
		return func() error { return toxics.RemoveToxic(ctx, added.Name) }, nil
	}
}

// contended takes the CPU from a service. Its niceness cannot be lowered again
// without privileges, so undoing it includes a restart.
func contended(svc hotrod.Service, c hotrod.Contention) func(context.Context, *stage) (func() error, error) {
	return func(ctx context.Context, s *stage) (func() error, error) {
		release, err := hotrod.Contend(s.App.PID(svc), c, filepath.Join(s.out, "burners.log"))
		if err != nil {
			return nil, err
		}
		return func() error {
			if err := release(); err != nil {
				return err
			}
			return s.App.Restart(ctx, svc, hotrod.Healthy)
		}, nil
	}
}

// proxies stand between the frontend and the services that it calls.
type proxies map[hotrod.Service]*toxiproxy.Proxy

// via starts a proxy before the service at addr; it is a hotrod.Config.Via.
func (p proxies) via(s hotrod.Service, addr string) (string, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, string(s), "127.0.0.1:0", addr)
	if err := proxy.Start(); err != nil {
		return "", err
	}
	p[s] = proxy
	return proxy.Listen, nil
}

func (p proxies) stop() {
	for _, proxy := range p {
		proxy.Stop()
	}
}
