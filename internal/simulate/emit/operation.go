package emit

import (
	"strings"

	"github.com/sage-rca/sage/internal/simulate"
)

// httpParts splits the operation of an HTTP RPC into method and route.
func httpParts(operation string) (method, route string) {
	method, route, ok := strings.Cut(operation, " ")
	if !ok {
		return "GET", operation
	}
	return method, route
}

// rpcParts splits the operation of a gRPC one into service and method.
func rpcParts(operation string) (service, method string) {
	if i := strings.LastIndexByte(operation, '/'); i >= 0 {
		return operation[:i], operation[i+1:]
	}
	return operation, "Call"
}

// destination is the queue or topic of a messaging RPC: its operation without a
// leading verb.
func destination(operation string) string {
	if _, name, ok := strings.Cut(operation, " "); ok {
		return name
	}
	return operation
}

// defaultBroker is the messaging.system where messages go by no broker of the App.
const defaultBroker = "kafka"

// brokers returns the messaging.system of every RPC: that of the broker which
// serves it or hands messages on to it.
func brokers(app *simulate.App) []string {
	out := make([]string, len(app.RPCs))
	for i := range app.RPCs {
		out[i] = defaultBroker
	}
	for i := range app.RPCs {
		r := &app.RPCs[i]
		broker := &app.Services[r.Service]
		if !broker.Uninstrumented || broker.System == "" {
			continue
		}
		out[i] = broker.System
		for _, step := range r.Steps {
			for k := range step.Calls {
				if step.Calls[k].Async {
					out[step.Calls[k].RPC] = broker.System
				}
			}
		}
	}
	return out
}

// ports are those at which systems are reached.
var ports = map[string]int64{
	"postgresql": 5432, "mysql": 3306, "mongodb": 27017, "redis": 6379, "memcached": 11211,
	"kafka": 9092, "rabbitmq": 5672,
}

// portOf is where a service is reached.
func portOf(s *simulate.Service, p simulate.Protocol) int64 {
	if port := ports[s.System]; port != 0 {
		return port
	}
	if p == simulate.GRPC {
		return 50051
	}
	return 8080
}
