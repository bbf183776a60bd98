package foreign

import (
	"fmt"
	"time"
)

// Nodes is a shop of several pods for each service on six nodes, where faults are of
// nodes, of pods and of services: what a known challenge asks to tell apart.
func Nodes() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.6} }
	s := &System{
		Name: "nodes", Hosts: 6, Cores: 4, Wire: 250 * time.Microsecond,
		Telemetry: Telemetry{Names: MethodRoute, Resource: Kubernetes, Meters: []Meter{Cadvisor, CadvisorIO, NodeExporter}, Every: 30 * time.Second},
		Stores:    []Store{{"redis-cart", "redis", 6379, 8, 500 * time.Microsecond, 0.5}, {"tidb", "mysql", 4000, 32, 4 * ms, 0.6}},
		Users:     []Users{{Service: "frontend", Endpoint: "product", Rate: 20}, {Service: "frontend", Endpoint: "checkout", Rate: 8}},
	}
	svc := func(name string, l Language, steps ...Step) {
		s.Services = append(s.Services, Service{Name: name, Replicas: 3, Language: l, Version: "v1", Quota: 1, Heap: 256, Endpoints: []Endpoint{
			{Name: "do", Route: "Do", Service: fmt.Sprintf("hipstershop.%s", name), Steps: steps},
		}})
	}
	call := func(name string) Call { return Call{Service: name, Endpoint: "do"} }
	s.Services = append(s.Services, Service{Name: "frontend", Replicas: 3, Language: Go, Version: "v1", Quota: 2, Heap: 256, Endpoints: []Endpoint{
		{Name: "product", Method: "GET", Route: "/product/{id}", Steps: []Step{cpu(2 * ms), call("productcatalog"), call("currency"), call("cart"), call("recommendation"), call("ad")}},
		{Name: "checkout", Method: "POST", Route: "/cart/checkout", Steps: []Step{cpu(2 * ms), call("checkout"), call("recommendation")}},
	}})
	svc("productcatalog", Go, cpu(2*ms), Query{Store: "tidb", Statement: "SELECT products"})
	svc("currency", Node, cpu(2*ms))
	svc("cart", Java, cpu(2*ms), Query{Store: "redis-cart", Statement: "HGET"}, Disk{ms})
	svc("recommendation", Python, cpu(4*ms), call("productcatalog"))
	svc("ad", Java, cpu(2*ms), Query{Store: "tidb", Statement: "SELECT ads"}, Disk{ms})
	svc("checkout", Go, cpu(3*ms), call("cart"), call("productcatalog"), call("currency"), call("shipping"), call("payment"), call("email"))
	svc("shipping", Go, cpu(2*ms), Disk{ms})
	svc("payment", Node, cpu(3*ms))
	svc("email", Python, cpu(4*ms))
	return s
}

// NodesKinds are faults of nodes, of pods and of services.
func NodesKinds() []Kind {
	return []Kind{
		HostHog, PodCPU, CPUHog, NodeDelay, PodDelay, Delay, NodeDisk, PodLoss, Loss, MemHog, BadReplica, PodCPU, HostHog, Crash, NodeLoss,
	}
}

// HarmlessKinds are decoys, some of which change much.
func HarmlessKinds() []Kind {
	return []Kind{Cron, ColdCache, Scale, BlueGreen, ClockStep, Restart, Deploy, Scale, ColdCache, ClockStep, Cron, BlueGreen}
}
