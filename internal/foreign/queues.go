package foreign

import "time"

// Queues is a shop whose services tell each other of orders over queues: users wait
// for a broker to have a message, for a reply over a queue, or for a consumer.
func Queues(broker string) *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.6} }
	port := map[string]int{"kafka": 9092, "rabbitmq": 5672}[broker]
	svc := func(name string, replicas int, steps ...Step) Service {
		return Service{Name: name, Replicas: replicas, Language: Java, Version: "2.1", Heap: 512, Workers: 50, Endpoints: []Endpoint{
			{Name: "do", Method: "POST", Route: "/" + name, Steps: steps},
		}}
	}
	eats := func(name string, replicas int, steps ...Step) Service {
		return Service{Name: name, Replicas: replicas, Language: Java, Version: "2.1", Heap: 512, Endpoints: []Endpoint{{Name: "consume", Steps: steps}}}
	}
	to := func(name, topic string) Publish { return Publish{Queue: name, Topic: topic, Broker: broker} }
	return &System{
		Name: broker, Hosts: 4, Cores: 4, Wire: 250 * time.Microsecond,
		Telemetry: Telemetry{Names: MethodRoute, Resource: Kubernetes, Meters: []Meter{Kubelet, Runtime}, Every: 15 * time.Second, Links: broker == "kafka"},
		Stores:    []Store{{broker, broker, port, 16, 2 * ms, 0.5}, {"orders-db", "postgresql", 5432, 16, 4 * ms, 0.6}, {"mail.example.net", Web, 443, 64, 60 * ms, 0.5}},
		Users: []Users{
			{Service: "gateway", Endpoint: "order", Rate: 12},
			{Service: "gateway", Endpoint: "quote", Rate: 8},
			{Service: "fulfilment", Endpoint: "consume"},
			{Service: "mailer", Endpoint: "consume"},
		},
		Services: []Service{
			{Name: "gateway", Replicas: 2, Language: Java, Version: "1", Heap: 512, Endpoints: []Endpoint{
				{Name: "order", Method: "POST", Route: "/orders", Steps: []Step{cpu(2 * ms), Call{Service: "orders", Endpoint: "do"}}},
				{Name: "quote", Method: "GET", Route: "/quotes/{id}", Steps: []Step{cpu(2 * ms), Call{Service: "quotes", Endpoint: "do"}}},
			}},
			svc("orders", 2, cpu(3*ms), Query{Store: "orders-db", Statement: "INSERT orders"}, to("fulfilment", "orders.created"), to("audit", "audit.log")),
			svc("quotes", 2, cpu(3*ms), Publish{Queue: "pricing", Topic: "pricing.requests", Broker: broker, Reply: true}),
			eats("pricing", 2, cpu(6*ms), Query{Store: "orders-db", Statement: "SELECT prices"}),
			eats("fulfilment", 2, cpu(5*ms), Query{Store: "orders-db", Statement: "SELECT orders"}, Call{Service: "stock", Endpoint: "do"}, to("mailer", "mail.requests")),
			svc("stock", 2, cpu(4*ms), Query{Store: "orders-db", Statement: "UPDATE stock"}),
			eats("mailer", 2, cpu(3*ms), Query{Store: "mail.example.net", Statement: "/v1/send"}),
			eats("audit", 1, cpu(2*ms), Disk{ms}),
		},
	}
}

// QueuesKinds are faults of consumers, brokers and what they call.
func QueuesKinds() []Kind {
	return []Kind{SlowConsumer, SlowBroker, CPUHog, Delay, SlowAPI, SlowConsumer, SlowStore, Errors, SlowBroker, APIErrors}
}

// Edge is functions that call third parties, of which nothing is known but that they
// were called.
func Edge() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.7} }
	fn := func(name string, steps ...Step) Service {
		return Service{Name: name, Replicas: 4, Language: Node, Version: "$LATEST", Heap: 256, Endpoints: []Endpoint{
			{Name: "do", Method: "POST", Route: "/" + name, Steps: append([]Step{cpu(2 * ms)}, steps...)},
		}}
	}
	api := func(host, path string) Query { return Query{Store: host, Statement: path} }
	return &System{
		Name: "edge", Hosts: 8, Cores: 2, Wire: 800 * time.Microsecond,
		Telemetry: Telemetry{Names: MethodRoute, Resource: Bare, Lost: 0.002},
		Stores: []Store{
			{"api.payco.com", Web, 443, 400, 90 * ms, 0.5},
			{"auth.example-idp.com", Web, 443, 400, 35 * ms, 0.4},
			{"maps.example.org", Web, 443, 400, 55 * ms, 0.6},
			{"dynamodb.eu-west-1.amazonaws.com", Web, 443, 400, 8 * ms, 0.5},
		},
		Users: []Users{{Service: "edge-router", Endpoint: "pay", Rate: 6}, {Service: "edge-router", Endpoint: "near", Rate: 9}},
		Services: []Service{
			{Name: "edge-router", Replicas: 4, Language: Node, Version: "$LATEST", Endpoints: []Endpoint{
				{Name: "pay", Method: "POST", Route: "/pay", Steps: []Step{cpu(ms), Call{Service: "session", Endpoint: "do"}, Call{Service: "charge", Endpoint: "do"}}},
				{Name: "near", Method: "GET", Route: "/near/:id", Steps: []Step{cpu(ms), Call{Service: "session", Endpoint: "do"}, Call{Service: "places", Endpoint: "do"}}},
			}},
			fn("session", api("auth.example-idp.com", "/oauth/introspect"), api("dynamodb.eu-west-1.amazonaws.com", "/")),
			fn("charge", api("dynamodb.eu-west-1.amazonaws.com", "/"), api("api.payco.com", "/v1/charges"), api("dynamodb.eu-west-1.amazonaws.com", "/")),
			fn("places", api("maps.example.org", "/geocode"), api("dynamodb.eu-west-1.amazonaws.com", "/")),
		},
	}
}

// EdgeKinds are faults of third parties and of the way to them.
func EdgeKinds() []Kind {
	return []Kind{SlowAPI, DNS, TLS, APIErrors, SlowCode, SlowAPI, DNS, TLS, Delay, Errors}
}
