package foreign

import "time"

// Train books train tickets: 33 JVM services in many layers, a database each, as a
// published system of that kind is recorded: an agent of years ago, old names of JVM
// metrics, cAdvisor and node exporter scraped every 15 seconds.
func Train() *System {
	cpu := func(d time.Duration) CPU { return CPU{d, 0.6} }
	s := &System{
		Name: "train", Hosts: 5, Cores: 8, Wire: 300 * time.Microsecond,
		Telemetry: Telemetry{Old: true, Names: MethodRoute, Resource: Kubernetes, Meters: []Meter{Cadvisor, CadvisorIO, NodeExporter, OldRuntime}, Every: 15 * time.Second},
		Stores:    []Store{{"rabbitmq", "rabbitmq", 5672, 8, ms, 0.4}},
		Users:     []Users{{Service: "ts-ui-dashboard", Endpoint: "search", Rate: 7}, {Service: "ts-ui-dashboard", Endpoint: "preserve", Rate: 3}, {Service: "ts-ui-dashboard", Endpoint: "login", Rate: 1, Burst: 25}},
	}
	svc := func(name string, steps ...Step) {
		s.Services = append(s.Services, Service{
			Name: "ts-" + name + "-service", Replicas: 1, Language: Java, Version: "1.0", Heap: 400, Workers: 200, Quota: 2,
			Endpoints: []Endpoint{{Name: "do", Method: "POST", Route: "/api/v1/" + name + "service/" + name, Steps: append([]Step{cpu(2 * ms)}, steps...)}},
		})
	}
	call := func(name string) Call { return Call{Service: "ts-" + name + "-service", Endpoint: "do"} }
	db := func(name, system string, steps ...Step) {
		st := Store{"ts-" + name + "-" + system, map[string]string{"mongo": "mongodb", "mysql": "mysql"}[system], 27017, 16, 3 * ms, 0.6}
		if system == "mysql" {
			st.Port = 3306
		}
		s.Stores = append(s.Stores, st)
		verb := map[string]string{"mongo": "find ", "mysql": "SELECT "}[system]
		svc(name, append(steps, Query{Store: st.Name, Statement: verb + name})...)
	}
	s.Services = append(s.Services, Service{Name: "ts-ui-dashboard", Replicas: 1, Language: Node, Version: "1.0", Quota: 2, Endpoints: []Endpoint{
		{Name: "search", Method: "POST", Route: "/travel/query", Steps: []Step{cpu(ms), call("travel-plan"), call("news")}},
		{Name: "preserve", Method: "POST", Route: "/preserve", Steps: []Step{cpu(ms), call("preserve")}},
		{Name: "login", Method: "POST", Route: "/login", Steps: []Step{cpu(ms), call("auth")}},
	}})
	svc("travel-plan", call("route-plan"), call("ticketinfo"), call("seat"))
	svc("route-plan", call("travel"), call("travel2"))
	db("travel", "mongo", call("ticketinfo"), call("order"), call("seat"))
	db("travel2", "mongo", call("ticketinfo"), call("order-other"))
	svc("ticketinfo", call("basic"))
	svc("basic", Parallel{call("station"), call("train"), call("route"), call("price")})
	db("station", "mongo")
	db("train", "mongo")
	db("route", "mysql")
	db("price", "mongo")
	svc("seat", call("config"), call("order"))
	db("config", "mysql")
	db("order", "mysql", Disk{ms})
	db("order-other", "mysql")
	svc("preserve", call("security"), call("contacts"), call("travel"), call("assurance"), call("food"), call("consign"), call("order"), call("user"), call("inside-payment"), Publish{Queue: "ts-notification-service", Broker: "rabbitmq"})
	db("security", "mongo", call("order"), call("order-other"))
	db("contacts", "mysql")
	db("assurance", "mongo")
	svc("food", call("food-map"), call("station-food"))
	db("food-map", "mongo", Disk{2 * ms})
	db("station-food", "mongo")
	db("consign", "mongo", call("consign-price"))
	db("consign-price", "mongo")
	db("user", "mysql")
	db("inside-payment", "mysql", call("payment"), call("order"))
	db("payment", "mysql")
	db("auth", "mysql", call("verification-code"))
	svc("verification-code")
	svc("news")
	svc("admin-basic", call("station"))
	s.Services = append(s.Services, Service{Name: "ts-notification-service", Replicas: 1, Language: Java, Version: "1.0", Heap: 256, Endpoints: []Endpoint{{Name: "consume", Steps: []Step{cpu(4 * ms)}}}})
	return s
}

// TrainKinds are the faults of published recordings of that system.
func TrainKinds() []Kind {
	return []Kind{CPUHog, MemHog, DiskHog, Delay, Loss, Sockets, CPUHog, MemHog, Delay, Loss, Sockets}
}
