package emit

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
)

// template returns what all good spans of one kind for one RPC have in common:
// kind, name and attributes. broker is the messaging.system of its messages.
func template(app *simulate.App, rpc int, kind simulate.SpanKind, broker string) ptrace.Span {
	span := ptrace.NewSpan()
	r := &app.RPCs[rpc]
	callee := &app.Services[r.Service]
	switch kind {
	case simulate.Server:
		span.SetKind(ptrace.SpanKindServer)
	case simulate.Client:
		span.SetKind(ptrace.SpanKindClient)
	case simulate.Producer:
		span.SetKind(ptrace.SpanKindProducer)
	case simulate.Consumer:
		span.SetKind(ptrace.SpanKindConsumer)
	}
	protocol := r.Protocol
	if kind == simulate.Producer || kind == simulate.Consumer {
		protocol = simulate.Messaging
	} else if protocol == simulate.Messaging { // a call that waits is none of messages
		protocol = simulate.HTTP
	}
	switch protocol {
	case simulate.HTTP:
		describeHTTP(span, r, kind)
	case simulate.GRPC:
		describeRPC(span, r)
	case simulate.DB:
		describeDB(span, r, callee)
	case simulate.Messaging:
		describeMessage(span, r, broker, kind)
	}
	a := span.Attributes()
	if kind != simulate.Consumer {
		a.PutStr("server.address", callee.Name)
		a.PutInt("server.port", portOf(callee, protocol))
	}
	// Who calls what has no SDK of its own is told its name (in agents: a mapping of
	// addresses to peer.service).
	if callee.Uninstrumented && callee.System != "" && (kind == simulate.Client || kind == simulate.Producer) {
		a.PutStr("peer.service", callee.Name)
	}
	return span
}

func describeHTTP(span ptrace.Span, r *simulate.RPC, kind simulate.SpanKind) {
	method, route := httpParts(r.Operation)
	a := span.Attributes()
	a.PutStr("http.request.method", method)
	a.PutInt("http.response.status_code", 200)
	if kind == simulate.Client {
		span.SetName(method)
		return
	}
	a.PutStr("http.route", route)
	a.PutStr("url.scheme", "http")
	span.SetName(method + " " + route)
}

func describeRPC(span ptrace.Span, r *simulate.RPC) {
	service, method := rpcParts(r.Operation)
	a := span.Attributes()
	a.PutStr("rpc.system", "grpc")
	a.PutStr("rpc.service", service)
	a.PutStr("rpc.method", method)
	a.PutInt("rpc.grpc.status_code", 0)
	span.SetName(service + "/" + method)
}

func describeDB(span ptrace.Span, r *simulate.RPC, callee *simulate.Service) {
	a := span.Attributes()
	a.PutStr("db.system.name", callee.System)
	a.PutStr("db.operation.name", r.Operation)
	a.PutStr("db.namespace", callee.Name)
	span.SetName(r.Operation + " " + callee.Name)
}

func describeMessage(span ptrace.Span, r *simulate.RPC, broker string, kind simulate.SpanKind) {
	name, typ := "publish", "send"
	if kind == simulate.Consumer {
		name, typ = "process", "process"
	}
	queue := destination(r.Operation)
	a := span.Attributes()
	a.PutStr("messaging.system", broker)
	a.PutStr("messaging.operation.name", name)
	a.PutStr("messaging.operation.type", typ)
	a.PutStr("messaging.destination.name", queue)
	span.SetName(name + " " + queue)
}

// fail makes a span one that failed with the given error: the status codes of its
// protocol say so as well.
func fail(span ptrace.Span, errorType string) {
	span.Status().SetCode(ptrace.StatusCodeError)
	a := span.Attributes()
	if v, ok := a.Get("http.response.status_code"); ok {
		switch errorType {
		case "timeout": // no answer, no code
			a.Remove("http.response.status_code")
			a.PutStr("error.type", errorType)
		case "unavailable":
			v.SetInt(503)
			a.PutStr("error.type", "503")
		default:
			v.SetInt(500)
			a.PutStr("error.type", "500")
		}
		return
	}
	if v, ok := a.Get("rpc.grpc.status_code"); ok {
		switch errorType {
		case "timeout":
			v.SetInt(4) // DEADLINE_EXCEEDED
		case "unavailable":
			v.SetInt(14) // UNAVAILABLE
		default:
			v.SetInt(13) // INTERNAL
		}
		return
	}
	a.PutStr("error.type", errorType)
}
