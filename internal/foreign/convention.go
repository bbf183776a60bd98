package foreign

import (
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Epoch is when time begins, ns since 1970: 2026-05-11T06:00:00Z.
const Epoch = int64(1778479200e9)

// batch is an export request of the spans of a replica: those of proxies have a
// resource of their own.
func (p *plant) batch(r *replica, batch []span) ptrace.Traces {
	td := ptrace.NewTraces()
	var own, proxy ptrace.SpanSlice
	var ownSet, proxySet bool
	for i := range batch {
		s := &batch[i]
		if s.kind == proxyIn || s.kind == proxyOut {
			if !proxySet {
				proxySet = true
				rs := td.ResourceSpans().AppendEmpty()
				rs.Resource().Attributes().PutStr("service.name", r.service.Name+".shop")
				proxy = rs.ScopeSpans().AppendEmpty().Spans()
			}
			p.proxied(r, s, proxy.AppendEmpty())
			continue
		}
		if !ownSet {
			ownSet = true
			rs := td.ResourceSpans().AppendEmpty()
			p.resource(r, rs.Resource().Attributes())
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(scopeOf(r.service.Language))
			own = ss.Spans()
		}
		p.told(r, s, own.AppendEmpty())
	}
	return td
}

func scopeOf(l Language) string {
	switch l {
	case Java:
		return "io.opentelemetry.tomcat-10.0"
	case Node:
		return "@opentelemetry/instrumentation-http"
	case Python:
		return "opentelemetry.instrumentation.asgi"
	default:
		return "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	}
}

func (p *plant) resource(r *replica, a pcommon.Map) {
	a.PutStr("service.name", r.service.Name)
	if p.Resource == Bare {
		return
	}
	a.PutStr("telemetry.sdk.language", [...]string{"go", "java", "nodejs", "python"}[r.service.Language])
	if r.version != "" {
		a.PutStr("service.version", r.version)
	}
	switch p.Resource {
	case Kubernetes:
		a.PutStr("service.namespace", p.Name)
		a.PutStr("k8s.namespace.name", p.Name)
		a.PutStr("k8s.pod.name", r.pod)
		a.PutStr("k8s.pod.uid", r.uid)
		a.PutStr("k8s.pod.ip", r.ip)
		a.PutStr("k8s.deployment.name", r.deployment)
		a.PutStr("k8s.node.name", r.host.name)
		a.PutStr("k8s.container.name", r.service.Name)
	case Docker:
		a.PutStr("container.id", strings.ReplaceAll(r.uid, "-", "")+strings.ReplaceAll(r.uid, "-", ""))
		a.PutStr("host.name", r.uid[:12])
	case Process:
		a.PutStr("host.name", r.host.name)
		a.PutInt("process.pid", pid(r))
		a.PutStr("service.instance.id", r.uid)
	case Bare:
	}
}

func pid(r *replica) int64 {
	n, err := strconv.ParseInt(r.uid[:4], 16, 64)
	if err != nil {
		panic(err) // a uid begins with hexadecimal digits
	}
	return n + 100
}

// told writes a span as an SDK does.
func (p *plant) told(r *replica, s *span, o ptrace.Span) {
	p.frame(r, s, o)
	a := o.Attributes()
	switch s.kind {
	case serving:
		o.SetKind(ptrace.SpanKindServer)
		if s.endpoint.Method == "" {
			p.rpc(s, o)
		} else {
			o.SetName(p.serverName(s))
			p.http(s, a)
			p.route(s, a)
		}
	case calling:
		o.SetKind(ptrace.SpanKindClient)
		if s.endpoint.Method == "" {
			p.rpc(s, o)
			p.address(a, s.peer, 50051)
		} else {
			o.SetName(s.endpoint.Method)
			p.http(s, a)
			p.url(s, a)
			p.address(a, s.peer, 8080)
		}
	case querying:
		o.SetKind(ptrace.SpanKindClient)
		if s.store.System == Web {
			p.foreignAPI(s, o)
		} else {
			p.database(s, o)
		}
	case publishing:
		o.SetKind(ptrace.SpanKindProducer)
		o.SetName(s.peer + " publish")
		p.messaging(s, a, "publish")
	case consuming:
		o.SetKind(ptrace.SpanKindConsumer)
		o.SetName(s.peer + " process")
		p.messaging(s, a, "process")
	case inside:
		o.SetKind(ptrace.SpanKindInternal)
		o.SetName(s.name)
	case proxyIn, proxyOut:
	}
}

// frame writes what all spans have.
func (p *plant) frame(r *replica, s *span, o ptrace.Span) {
	o.SetTraceID(s.trace)
	o.SetSpanID(s.id)
	o.SetParentSpanID(s.parent)
	o.SetStartTimestamp(pcommon.Timestamp(Epoch + s.start + r.host.skew))
	o.SetEndTimestamp(pcommon.Timestamp(Epoch + s.end + r.host.skew))
	if p.Thresholds && p.Sampled > 0 {
		// Rejection threshold of 56 bits, trailing zeros left out.
		t := uint64((1 - p.Sampled) * float64(uint64(1)<<56))
		o.TraceState().FromRaw("ot=th:" + strings.TrimRight(fmt.Sprintf("%014x", t), "0"))
	}
	if s.failed && !p.Mute {
		o.Status().SetCode(ptrace.StatusCodeError)
	}
	if s.timeout {
		p.str(o.Attributes(), "error.type", "timeout", "error.type")
	}
	if s.linked {
		l := o.Links().AppendEmpty()
		l.SetTraceID(s.from)
		l.SetSpanID(s.source)
	}
}

// str puts an attribute under its new or its old name.
func (p *plant) str(a pcommon.Map, name, value, old string) {
	if p.Old {
		name = old
	}
	a.PutStr(name, value)
}

func (s *span) path() string {
	return strings.NewReplacer("{id}", strconv.FormatUint(s.item, 10)).Replace(s.endpoint.Route)
}

func (p *plant) serverName(s *span) string {
	switch p.Names {
	case RouteOnly:
		return s.endpoint.Route
	case MethodOnly:
		return s.endpoint.Method
	case RawPath:
		return s.endpoint.Method + " " + s.path()
	default:
		return s.endpoint.Method + " " + s.endpoint.Route
	}
}

func (p *plant) http(s *span, a pcommon.Map) {
	code := int64(200)
	switch {
	case s.timeout:
		code = 0
	case s.failed:
		code = 500
	}
	p.str(a, "http.request.method", s.endpoint.Method, "http.method")
	if code == 0 {
		return
	}
	if p.Old {
		a.PutInt("http.status_code", code)
	} else {
		a.PutInt("http.response.status_code", code)
	}
}

func (p *plant) route(s *span, a pcommon.Map) {
	if p.Names != RawPath {
		a.PutStr("http.route", s.endpoint.Route)
	}
	p.str(a, "url.path", s.path(), "http.target")
	p.str(a, "url.scheme", "http", "http.scheme")
	p.str(a, "user_agent.original", "okhttp/4.12", "http.user_agent")
}

func (p *plant) url(s *span, a pcommon.Map) {
	p.str(a, "url.full", "http://"+s.peer+":8080"+s.path(), "http.url")
	if s.try > 0 {
		a.PutInt("http.request.resend_count", int64(s.try))
	}
}

func (p *plant) address(a pcommon.Map, host string, port int64) {
	p.str(a, "server.address", host, "net.peer.name")
	if p.Old {
		a.PutInt("net.peer.port", port)
	} else {
		a.PutInt("server.port", port)
	}
}

func (p *plant) rpc(s *span, o ptrace.Span) {
	o.SetName(s.endpoint.Service + "/" + s.endpoint.Route)
	a := o.Attributes()
	a.PutStr("rpc.system", "grpc")
	a.PutStr("rpc.service", s.endpoint.Service)
	a.PutStr("rpc.method", s.endpoint.Route)
	code := int64(0)
	switch {
	case s.timeout:
		code = 4
	case s.failed:
		code = 13
	}
	a.PutInt("rpc.grpc.status_code", code)
}

func (p *plant) database(s *span, o ptrace.Span) {
	verb, table, _ := strings.Cut(s.name, " ")
	a := o.Attributes()
	p.str(a, "db.system.name", s.store.System, "db.system")
	p.address(a, s.store.Name, int64(s.store.Port))
	if s.store.System == "redis" {
		o.SetName(verb)
		p.str(a, "db.operation.name", verb, "db.operation")
		return
	}
	o.SetName(s.name)
	p.str(a, "db.query.text", verb+" * FROM "+table+" WHERE id = ?", "db.statement")
	p.str(a, "db.operation.name", verb, "db.operation")
	p.str(a, "db.collection.name", table, "db.sql.table")
	p.str(a, "db.namespace", strings.TrimSuffix(s.store.Name, "-db"), "db.name")
}

// foreignAPI writes a call of a third party: HTTP, and whom one called is all one knows.
func (p *plant) foreignAPI(s *span, o ptrace.Span) {
	a := o.Attributes()
	o.SetName("POST")
	p.str(a, "http.request.method", "POST", "http.method")
	p.str(a, "url.full", "https://"+s.store.Name+s.name, "http.url")
	p.address(a, s.store.Name, int64(s.store.Port))
	code := int64(200)
	if s.failed {
		code = 503
	}
	if p.Old {
		a.PutInt("http.status_code", code)
	} else {
		a.PutInt("http.response.status_code", code)
	}
}

func (p *plant) messaging(s *span, a pcommon.Map, op string) {
	system := "kafka"
	if s.store != nil {
		system = s.store.System
		if op == "publish" {
			p.address(a, s.store.Name, int64(s.store.Port))
		}
	}
	a.PutStr("messaging.system", system)
	a.PutStr("messaging.destination.name", s.peer)
	p.str(a, "messaging.operation.type", map[string]string{"publish": "send", "process": "process"}[op], "messaging.operation")
}

// proxied writes the span of a sidecar, as Envoy does.
func (p *plant) proxied(r *replica, s *span, o ptrace.Span) {
	p.frame(r, s, o)
	host := s.peer + "." + "shop.svc.cluster.local:8080"
	o.SetName(host + "/*")
	a := o.Attributes()
	a.PutStr("component", "proxy")
	a.PutStr("http.method", "POST")
	a.PutStr("http.url", "http://"+s.peer+":8080"+s.path())
	a.PutStr("node_id", "sidecar~"+r.ip+"~"+r.pod+".shop~shop.svc.cluster.local")
	a.PutStr("peer.address", r.ip)
	a.PutStr("http.status_code", map[bool]string{false: "200", true: "500"}[s.failed])
	if s.kind == proxyOut {
		o.SetKind(ptrace.SpanKindClient)
		a.PutStr("upstream_cluster.name", "outbound|8080||"+s.peer+".shop.svc.cluster.local;")
		return
	}
	o.SetKind(ptrace.SpanKindServer)
	a.PutStr("upstream_cluster.name", "inbound|8080||;")
}
