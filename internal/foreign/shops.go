package foreign

import "time"

const ms = time.Millisecond

// Bank is a deep chain of JVM services behind a gateway and a BFF, observed by a
// Java agent of some years ago on Kubernetes. Connections are held over calls.
func Bank() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.6} }
	return &System{
		Name: "bank", Hosts: 4, Cores: 4, Wire: 300 * time.Microsecond,
		Telemetry: Telemetry{Old: true, Names: RouteOnly, Resource: Kubernetes, Meters: []Meter{Kubelet, Runtime}, Every: 15 * time.Second},
		Stores: []Store{
			{"accounts-db", "postgresql", 5432, 24, 4 * ms, 0.7},
			{"ledger-db", "oracle", 1521, 24, 9 * ms, 0.8},
			{"sessions", "redis", 6379, 8, 400 * time.Microsecond, 0.4},
		},
		Users: []Users{{Service: "api-gateway", Endpoint: "pay", Rate: 18}, {Service: "api-gateway", Endpoint: "balance", Rate: 14}},
		Services: []Service{
			{Name: "api-gateway", Replicas: 2, Language: Java, Workers: 200, Version: "3.4.1", Heap: 512, Endpoints: []Endpoint{
				{Name: "pay", Method: "POST", Route: "/v1/payments", Steps: []Step{cpu(2 * ms), Query{Store: "sessions", Statement: "GET"}, Call{Service: "mobile-bff", Endpoint: "pay"}, cpu(ms)}},
				{Name: "balance", Method: "GET", Route: "/v1/accounts/{id}/balance", Steps: []Step{cpu(2 * ms), Query{Store: "sessions", Statement: "GET"}, Call{Service: "mobile-bff", Endpoint: "balance"}}},
			}},
			{Name: "mobile-bff", Replicas: 2, Language: Java, Workers: 100, Version: "12", Heap: 512, Endpoints: []Endpoint{
				{Name: "pay", Method: "POST", Route: "/payments", Steps: []Step{cpu(3 * ms), Call{Service: "customer", Endpoint: "get"}, Call{Service: "payment", Endpoint: "create"}, cpu(2 * ms)}},
				{Name: "balance", Method: "GET", Route: "/balance/{id}", Steps: []Step{cpu(2 * ms), Call{Service: "customer", Endpoint: "get"}, Call{Service: "account", Endpoint: "balance"}}},
			}},
			{Name: "customer", Replicas: 2, Language: Java, Workers: 50, Version: "2.0.7", Heap: 384, Endpoints: []Endpoint{
				{Name: "get", Method: "GET", Route: "/customers/{id}", Steps: []Step{cpu(3 * ms), Query{Store: "sessions", Statement: "GET", Hit: 0.85, Miss: []Step{Query{Store: "accounts-db", Statement: "SELECT customers"}}}}},
			}},
			{Name: "payment", Replicas: 3, Language: Java, Workers: 40, Version: "5.1.0", Heap: 512, Endpoints: []Endpoint{
				{Name: "create", Method: "POST", Route: "/payments", Steps: []Step{
					Inner{"PaymentService.create", []Step{cpu(4 * ms), Call{Service: "fraud", Endpoint: "score", Timeout: 2 * time.Second, Retries: 1}, Call{Service: "account", Endpoint: "reserve"}, Call{Service: "ledger", Endpoint: "post"}}},
					Publish{Queue: "notification"},
				}},
			}},
			{Name: "fraud", Replicas: 2, Language: Java, Workers: 30, Version: "0.9", Heap: 768, Quota: 2, Endpoints: []Endpoint{
				{Name: "score", Method: "POST", Route: "/score", Steps: []Step{cpu(9 * ms)}},
			}},
			{Name: "account", Replicas: 3, Language: Java, Workers: 40, Version: "4.4.2", Heap: 384, Pools: map[string]int{"accounts-db": 10}, Endpoints: []Endpoint{
				{Name: "balance", Method: "GET", Route: "/accounts/{id}/balance", Steps: []Step{cpu(2 * ms), Session{"accounts-db", []Step{Query{Store: "accounts-db", Statement: "SELECT accounts"}, Query{Store: "accounts-db", Statement: "SELECT holds"}}}}},
				{Name: "reserve", Method: "POST", Route: "/accounts/{id}/holds", Steps: []Step{cpu(3 * ms), Session{"accounts-db", []Step{
					Query{Store: "accounts-db", Statement: "SELECT accounts"}, Call{Service: "limits", Endpoint: "check"}, Query{Store: "accounts-db", Statement: "INSERT holds", Weight: 1.5},
				}}}},
			}},
			{Name: "limits", Replicas: 2, Language: Java, Workers: 20, Version: "1.0.3", Heap: 256, Endpoints: []Endpoint{
				{Name: "check", Method: "GET", Route: "/limits/{id}", Steps: []Step{Locked{"rules", []Step{cpu(2 * ms)}}, Query{Store: "sessions", Statement: "HGETALL"}}},
			}},
			{Name: "ledger", Replicas: 2, Language: Java, Workers: 30, Version: "7.7.0", Heap: 512, Pools: map[string]int{"ledger-db": 8}, Endpoints: []Endpoint{
				{Name: "post", Method: "POST", Route: "/entries", Steps: []Step{cpu(3 * ms), Session{"ledger-db", []Step{Query{Store: "ledger-db", Statement: "INSERT entries"}, Query{Store: "ledger-db", Statement: "UPDATE balances"}}}, Disk{2 * ms}}},
			}},
			{Name: "notification", Replicas: 1, Language: Java, Workers: 10, Version: "1.1", Heap: 256, Endpoints: []Endpoint{
				{Name: "consume", Steps: []Step{cpu(5 * ms), Query{Store: "accounts-db", Statement: "SELECT contacts"}}},
			}},
		},
	}
}

// Media fans out over gRPC in parallel, in Go, over shared caches; hosts alone are
// metered.
func Media() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.7} }
	leaf := func(name, pkg, method string, replicas int, steps ...Step) Service {
		return Service{Name: name, Replicas: replicas, Language: Go, Version: "v1.8.2", Endpoints: []Endpoint{{Name: "get", Route: method, Service: pkg, Steps: steps}}}
	}
	return &System{
		Name: "media", Hosts: 5, Cores: 4, Wire: 200 * time.Microsecond,
		Telemetry: Telemetry{Names: MethodRoute, Resource: Process, Meters: []Meter{Hosts, Runtime}, Every: 10 * time.Second, Skew: 20 * ms},
		Stores: []Store{
			{"cache-a", "redis", 6379, 16, 300 * time.Microsecond, 0.4},
			{"catalog-mongo", "mongodb", 27017, 32, 6 * ms, 0.8},
			{"social-mysql", "mysql", 3306, 32, 5 * ms, 0.8},
		},
		Users: []Users{{Service: "edge", Endpoint: "home", Rate: 22}, {Service: "edge", Endpoint: "play", Rate: 8}},
		Services: []Service{
			{Name: "edge", Replicas: 3, Language: Go, Version: "2024.11", Endpoints: []Endpoint{
				{Name: "home", Method: "GET", Route: "/home", Steps: []Step{cpu(2 * ms), Call{Service: "identity", Endpoint: "get"}, Call{Service: "feed", Endpoint: "get"}, cpu(ms)}},
				{Name: "play", Method: "POST", Route: "/titles/{id}/play", Steps: []Step{cpu(2 * ms), Call{Service: "identity", Endpoint: "get"}, Call{Service: "playback", Endpoint: "get"}}},
			}},
			leaf("identity", "media.identity.v1.Identity", "Resolve", 2, cpu(ms), Query{Store: "cache-a", Statement: "GET", Hit: 0.9, Miss: []Step{Query{Store: "social-mysql", Statement: "SELECT users"}}}),
			leaf("feed", "media.feed.v1.Feed", "Compose", 3, cpu(2*ms), Parallel{
				Call{Service: "recommend", Endpoint: "get", Timeout: 3 * time.Second},
				Call{Service: "continue", Endpoint: "get"},
				Call{Service: "friends", Endpoint: "get", Optional: true},
				Call{Service: "ads", Endpoint: "get", Optional: true, Timeout: 400 * ms},
				Call{Service: "trending", Endpoint: "get"},
			}, Call{Service: "artwork", Endpoint: "get"}, cpu(ms)),
			leaf("recommend", "media.recommend.v2.Recommender", "Rank", 3, cpu(8*ms), Call{Service: "catalog", Endpoint: "get"}, Call{Service: "features", Endpoint: "get"}),
			leaf("features", "media.features.v1.Store", "Lookup", 2, cpu(2*ms), Query{Store: "cache-a", Statement: "MGET", Weight: 3}),
			leaf("continue", "media.history.v1.Continue", "List", 2, cpu(2*ms), Query{Store: "social-mysql", Statement: "SELECT history"}, Call{Service: "catalog", Endpoint: "get"}),
			leaf("friends", "media.social.v1.Friends", "Activity", 2, cpu(2*ms), Query{Store: "social-mysql", Statement: "SELECT edges", Weight: 1.5}),
			leaf("ads", "media.ads.v1.Ads", "Select", 2, cpu(3*ms), Query{Store: "cache-a", Statement: "GET"}),
			leaf("trending", "media.trend.v1.Trending", "Top", 2, cpu(ms), Locked{"snapshot", []Step{cpu(ms)}}),
			leaf("catalog", "media.catalog.v1.Catalog", "Get", 4, cpu(2*ms), Query{Store: "cache-a", Statement: "GET", Hit: 0.7, Miss: []Step{Query{Store: "catalog-mongo", Statement: "find titles"}}}),
			leaf("artwork", "media.art.v1.Artwork", "Pick", 2, cpu(2*ms), Disk{ms}),
			leaf("playback", "media.play.v1.Playback", "Start", 2, cpu(3*ms), Call{Service: "drm", Endpoint: "get"}, Call{Service: "catalog", Endpoint: "get"}, Publish{Queue: "events"}),
			leaf("drm", "media.drm.v1.License", "Issue", 2, cpu(6*ms)),
			{Name: "events", Replicas: 1, Language: Go, Version: "v1", Endpoints: []Endpoint{{Name: "consume", Steps: []Step{cpu(2 * ms), Query{Store: "social-mysql", Statement: "INSERT events"}}}}},
		},
	}
}

// Mesh is Node and Python behind sidecars that tell of every hop as well; metrics
// are those of cAdvisor, with the pod as a label.
func Mesh() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.5} }
	return &System{
		Name: "shop", Hosts: 3, Cores: 8, Wire: 250 * time.Microsecond, Mesh: true,
		Telemetry: Telemetry{Old: true, Names: MethodRoute, Mute: true, Resource: Kubernetes, Meters: []Meter{Cadvisor}, Every: 15 * time.Second, Lost: 0.005},
		Stores: []Store{
			{"products-db", "mongodb", 27017, 16, 5 * ms, 0.7},
			{"orders-db", "postgresql", 5432, 16, 7 * ms, 0.7},
		},
		Users: []Users{{Service: "web", Endpoint: "product", Rate: 15}, {Service: "web", Endpoint: "checkout", Rate: 6}},
		Services: []Service{
			{Name: "web", Replicas: 4, Language: Node, Quota: 1, Version: "20", Endpoints: []Endpoint{
				{Name: "product", Method: "GET", Route: "/product/:id", Steps: []Step{cpu(4 * ms), Parallel{Call{Service: "products", Endpoint: "get"}, Call{Service: "reviews", Endpoint: "list"}, Call{Service: "pricing", Endpoint: "quote"}}, cpu(3 * ms)}},
				{Name: "checkout", Method: "POST", Route: "/checkout", Steps: []Step{cpu(5 * ms), Call{Service: "orders", Endpoint: "create"}, cpu(2 * ms)}},
			}},
			{Name: "products", Replicas: 3, Language: Python, Quota: 1, Version: "1.2", Endpoints: []Endpoint{
				{Name: "get", Method: "GET", Route: "/products/{id}", Steps: []Step{cpu(5 * ms), Query{Store: "products-db", Statement: "find products"}, Call{Service: "stock", Endpoint: "level"}}},
			}},
			{Name: "reviews", Replicas: 3, Language: Python, Quota: 1, Version: "3.0", Endpoints: []Endpoint{
				{Name: "list", Method: "GET", Route: "/reviews/{id}", Steps: []Step{cpu(6 * ms), Query{Store: "products-db", Statement: "find reviews", Weight: 1.4}, Call{Service: "ratings", Endpoint: "get"}}},
			}},
			{Name: "ratings", Replicas: 2, Language: Node, Quota: 1, Version: "1", Endpoints: []Endpoint{
				{Name: "get", Method: "GET", Route: "/ratings/{id}", Steps: []Step{cpu(3 * ms)}},
			}},
			{Name: "pricing", Replicas: 2, Language: Go, Quota: 1, Version: "9", Endpoints: []Endpoint{
				{Name: "quote", Method: "POST", Route: "/quote", Steps: []Step{cpu(4 * ms)}},
			}},
			{Name: "stock", Replicas: 2, Language: Go, Quota: 1, Version: "9", Endpoints: []Endpoint{
				{Name: "level", Method: "GET", Route: "/stock/{id}", Steps: []Step{cpu(2 * ms), Query{Store: "orders-db", Statement: "SELECT stock"}}},
			}},
			{Name: "orders", Replicas: 2, Language: Node, Quota: 1, Version: "5", Endpoints: []Endpoint{
				{Name: "create", Method: "POST", Route: "/orders", Steps: []Step{cpu(4 * ms), Call{Service: "stock", Endpoint: "level"}, Call{Service: "pricing", Endpoint: "quote"}, Call{Service: "payments", Endpoint: "charge", Timeout: 5 * time.Second, Retries: 2}, Query{Store: "orders-db", Statement: "INSERT orders"}}},
			}},
			{Name: "payments", Replicas: 2, Language: Python, Quota: 1, Version: "2", Endpoints: []Endpoint{
				{Name: "charge", Method: "POST", Route: "/charge", Steps: []Step{cpu(12 * ms)}},
			}},
		},
	}
}
