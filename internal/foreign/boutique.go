package foreign

import "time"

// Boutique is a shop of ten small services over gRPC, as published recordings of
// faults use: kubelet metrics every few seconds, little history.
func Boutique() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.6} }
	svc := func(name string, l Language, replicas int, pkg, method string, steps ...Step) Service {
		return Service{Name: name, Replicas: replicas, Language: l, Version: "v0.10", Quota: 1, Heap: 256, Endpoints: []Endpoint{{Name: "do", Route: method, Service: "shop." + pkg, Steps: steps}}}
	}
	call := func(name string) Call { return Call{Service: name, Endpoint: "do"} }
	return &System{
		Name: "boutique", Hosts: 3, Cores: 4, Wire: 200 * time.Microsecond,
		Telemetry: Telemetry{Old: true, Names: MethodRoute, Resource: Kubernetes, Meters: []Meter{Kubelet}, Every: 5 * time.Second},
		Stores:    []Store{{"redis-cart", "redis", 6379, 8, 500 * time.Microsecond, 0.5}},
		Users:     []Users{{Service: "frontend", Endpoint: "product", Rate: 8}, {Service: "frontend", Endpoint: "index", Rate: 5}, {Service: "frontend", Endpoint: "checkout", Rate: 3}},
		Services: []Service{
			{Name: "frontend", Replicas: 1, Language: Go, Version: "v0.10", Quota: 2, Heap: 256, Endpoints: []Endpoint{
				{Name: "product", Method: "GET", Route: "/product/{id}", Steps: []Step{cpu(2 * ms), call("productcatalog"), call("currency"), call("cart"), call("recommendation"), call("ad"), cpu(2 * ms)}},
				{Name: "index", Method: "GET", Route: "/", Steps: []Step{cpu(2 * ms), call("currency"), call("productcatalog"), call("cart"), call("ad"), cpu(2 * ms)}},
				{Name: "checkout", Method: "POST", Route: "/cart/checkout", Steps: []Step{cpu(2 * ms), call("checkout"), call("recommendation"), cpu(2 * ms)}},
			}},
			svc("productcatalog", Go, 1, "ProductCatalog", "GetProduct", cpu(2*ms)),
			svc("currency", Node, 1, "Currency", "Convert", cpu(2*ms)),
			svc("cart", Java, 1, "Cart", "GetCart", cpu(2*ms), Query{Store: "redis-cart", Statement: "HGET"}),
			svc("recommendation", Python, 1, "Recommendation", "List", cpu(4*ms), call("productcatalog")),
			svc("ad", Java, 1, "Ad", "GetAds", cpu(2*ms)),
			svc("checkout", Go, 1, "Checkout", "PlaceOrder", cpu(3*ms), call("cart"), call("productcatalog"), call("currency"), call("shipping"), call("payment"), call("email"), call("currency")),
			svc("shipping", Go, 1, "Shipping", "Quote", cpu(2*ms)),
			svc("payment", Node, 1, "Payment", "Charge", cpu(3*ms)),
			svc("email", Python, 1, "Email", "Send", cpu(4*ms)),
		},
	}
}

// Legacy is what somebody instrumented by hand years ago: names of services only,
// IDs in the names of spans, no status, no metrics, and few requests.
func Legacy() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.8} }
	return &System{
		Name: "legacy", Hosts: 3, Cores: 2, Wire: 600 * time.Microsecond,
		Telemetry: Telemetry{Old: true, Names: RawPath, Mute: true, Resource: Bare, Lost: 0.01, Skew: time.Second},
		Stores:    []Store{{"erp", "mssql", 1433, 12, 15 * ms, 0.9}, {"memcache", "memcached", 11211, 8, 600 * time.Microsecond, 0.4}},
		Users:     []Users{{Service: "portal", Endpoint: "order", Rate: 5}, {Service: "portal", Endpoint: "search", Rate: 4}},
		Services: []Service{
			{Name: "portal", Replicas: 1, Language: Java, Workers: 60, Heap: 1024, Endpoints: []Endpoint{
				{Name: "order", Method: "GET", Route: "/orders/{id}", Steps: []Step{cpu(8 * ms), Call{Service: "orders", Endpoint: "get"}, Inner{"render", []Step{cpu(6 * ms)}}}},
				{Name: "search", Method: "GET", Route: "/search/{id}", Steps: []Step{cpu(8 * ms), Call{Service: "search", Endpoint: "find"}, Inner{"render", []Step{cpu(4 * ms)}}}},
			}},
			{Name: "orders", Replicas: 1, Language: Java, Workers: 20, Heap: 1024, Pools: map[string]int{"erp": 6}, Endpoints: []Endpoint{
				{Name: "get", Method: "GET", Route: "/api/orders/{id}", Steps: []Step{cpu(5 * ms), Session{"erp", []Step{Query{Store: "erp", Statement: "SELECT orders"}, Call{Service: "customers", Endpoint: "get"}, Query{Store: "erp", Statement: "SELECT lines"}}}}},
			}},
			{Name: "customers", Replicas: 1, Language: Java, Workers: 20, Heap: 512, Endpoints: []Endpoint{
				{Name: "get", Method: "GET", Route: "/api/customers/{id}", Steps: []Step{cpu(4 * ms), Query{Store: "memcache", Statement: "get", Hit: 0.7, Miss: []Step{Query{Store: "erp", Statement: "SELECT customers"}}}, Locked{"audit", []Step{cpu(2 * ms), Disk{4 * ms}}}}},
			}},
			{Name: "search", Replicas: 1, Language: Java, Workers: 20, Heap: 1024, Endpoints: []Endpoint{
				{Name: "find", Method: "POST", Route: "/api/find", Steps: []Step{cpu(25 * ms), Disk{5 * ms}, Call{Service: "customers", Endpoint: "get", Share: 0.5}}},
			}},
		},
	}
}
