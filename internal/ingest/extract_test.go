package ingest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

type attrs = map[string]any

func mapOf(t testing.TB, a attrs) pcommon.Map {
	t.Helper()
	m := pcommon.NewMap()
	require.NoError(t, m.FromRaw(a))
	return m
}

// spanOf returns a span with the attributes, and what is read of them.
func spanOf(t testing.TB, a attrs) (ptrace.Span, *attributes) {
	t.Helper()
	span := ptrace.NewSpan()
	require.NoError(t, span.Attributes().FromRaw(a))
	read := new(attributes)

	read.read(span.Attributes(), slotNames)
	return span, read
}

func TestWeightOf(t *testing.T) {
	for state, want := range map[string]struct {
		weight float64
		ok     bool
	}{
		"":                               {1, true},
		"ot=th:0":                        {1, true},
		"ot=th:8":                        {2, true},       // half of 2^56 is rejected
		"ot=th:c":                        {4, true},       // three quarters
		"ot=th:c0000000000000":           {4, true},       // trailing zeros may be written
		"ot=th:fd70a3d70a3d71":           {100, true},     // 1 %
		"ot=rv:abcdef01234567;th:8":      {2, true},       // other fields of the entry
		"vendor=x, ot=th:8":              {2, true},       // other members of the list
		"ot=th:8,vendor=th:c":            {2, true},       //
		"vendor=ot:th:8":                 {1, true},       // somebody else's
		"ot=rv:abcdef01234567":           {1, true},       // no threshold
		"ot=th:ffffffffffffff":           {1 << 56, true}, // the least probability there is
		"ot=th:":                         {1, false},
		"ot=th:xyz":                      {1, false},
		"ot=th:C":                        {1, false}, // upper case is not allowed
		"ot=th:123456789abcdef":          {1, false}, // 15 digits
		"ot=th:-1":                       {1, false},
		",,,=;ot=;;th=":                  {1, true},
		strings.Repeat("a=b,", 100) + "": {1, true},
	} {
		weight, ok := weightOf(state)
		assert.InEpsilon(t, want.weight, weight, 1e-9, state)
		assert.Equal(t, want.ok, ok, state)
	}
}

func TestWeightOf_doesNotAllocate(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() { weightOf("vendor=x,ot=rv:abcdef01234567;th:8") }))
}

func TestClean(t *testing.T) {
	long := strings.Repeat("ä", 200) // 400 bytes
	for in, want := range map[string]string{
		"":                           "",
		"GET /users/{id}":            "GET /users/{id}",
		"bad\xffbyte":                "bad\uFFFDbyte",
		long:                         strings.Repeat("ä", 128),
		"x" + long:                   "x" + strings.Repeat("ä", 127), // never half a rune
		strings.Repeat("\xff", 1000): strings.Repeat("\uFFFD", 1),
	} {
		got := clean(in)
		assert.Equal(t, want, got)
		assert.True(t, utf8.ValidString(got))
	}
}

func TestOperationOf(t *testing.T) {
	const server, client, producer, consumer = callgraph.Server, callgraph.Client, callgraph.Producer, callgraph.Consumer
	for _, c := range []struct {
		kind callgraph.Kind
		name string
		in   attrs
		want string
	}{
		{server, "GET", attrs{"http.request.method": "GET", "http.route": "/users/{id}"}, "GET /users/{id}"},
		{server, "x", attrs{"http.method": "POST", "http.route": "/cart"}, "POST /cart"},
		{server, "x", attrs{"http.request.method": "_OTHER", "http.route": "/cart"}, "HTTP /cart"},
		{server, "GET /users/7", attrs{"http.request.method": "GET", "url.path": "/users/7"}, "GET /users/7"},
		{server, "x", attrs{"rpc.system": "grpc", "rpc.service": "shop.Cart", "rpc.method": "Add"}, "shop.Cart/Add"},
		{server, "x", attrs{"rpc.system.name": "grpc", "rpc.method": "shop.Cart/Add"}, "shop.Cart/Add"},
		{server, "x", attrs{"rpc.service": "shop.Cart", "rpc.method": "/shop.Cart/Add"}, "shop.Cart/Add"},
		{server, "x", attrs{"rpc.method": "Add"}, "x"},
		{server, "", attrs{}, unnamed},
		{server, "job", attrs{"messaging.operation.name": "process", "messaging.destination.name": "q"}, "job"},
		{client, "x", attrs{"db.system.name": "postgresql", "db.query.summary": "SELECT orders"}, "SELECT orders"},
		{client, "x", attrs{"db.operation.name": "SELECT", "db.collection.name": "orders"}, "SELECT orders"},
		{client, "x", attrs{"db.operation": "find", "db.mongodb.collection": "users"}, "find users"},
		{client, "x", attrs{"db.system": "redis", "db.operation.name": "GET"}, "GET"},
		{client, "SELECT shop.orders", attrs{"db.system": "mysql"}, "SELECT shop.orders"},
		{client, "GET", attrs{"http.request.method": "GET", "url.template": "/users/{id}"}, "GET /users/{id}"},
		{client, "GET", attrs{"http.request.method": "GET", "http.route": "/not/of/a/client"}, "GET"},
		{client, "x", attrs{"messaging.operation.name": "poll", "messaging.destination.name": "orders"}, "poll orders"},
		{producer, "x", attrs{"messaging.operation.name": "send", "messaging.destination.name": "orders"}, "send orders"},
		{consumer, "x", attrs{"messaging.operation": "process", "messaging.destination": "orders"}, "process orders"},
		{consumer, "x", attrs{"messaging.operation.type": "process", "messaging.destination.name": "c.42", "messaging.destination.template": "c.{id}"}, "process c.{id}"},
		{consumer, "reply", attrs{"messaging.operation.name": "process", "messaging.destination.name": "tmp-1", "messaging.destination.temporary": true}, "reply"},
		{callgraph.Internal, "render", attrs{"http.request.method": "GET", "http.route": "/"}, "render"},
		{server, "bad\xff", attrs{}, "bad\uFFFD"},
	} {
		_, a := spanOf(t, c.in)
		got, byName := operationOf(c.kind, a, c.name, new(interner))
		assert.Equal(t, c.want, got, "%v", c)
		assert.Equal(t, got == clean(c.name) || got == unnamed, byName, "%v", c)
	}
}

func TestPeerOf(t *testing.T) {
	for _, c := range []struct {
		in   attrs
		want string
	}{
		{attrs{"service.peer.name": "payment", "server.address": "10.0.0.1"}, "payment"},
		{attrs{"peer.service": "payment", "db.system": "mysql"}, "payment"},
		{attrs{"db.system.name": "postgresql", "db.namespace": "orders", "server.address": "pg.internal"}, "postgresql:pg.internal/orders"},
		{attrs{"db.system.name": "postgresql", "db.namespace": "orders", "server.address": "orders-db.internal"}, "postgresql:orders-db.internal"},
		{attrs{"db.system.name": "mongodb", "db.namespace": "app", "server.address": "users-mongodb"}, "mongodb:users-mongodb/app"},
		{attrs{"db.system.name": "mongodb", "db.namespace": "app", "server.address": "posts-mongodb"}, "mongodb:posts-mongodb/app"},
		{attrs{"db.system": "mysql", "db.name": "shop"}, "mysql:shop"},
		{attrs{"db.system.name": "redis", "db.namespace": "0", "server.address": "cache.internal"}, "redis:cache.internal"},
		{attrs{"db.system.name": "redis"}, "redis"},
		{attrs{"messaging.system": "kafka", "messaging.destination.name": "orders"}, "kafka:orders"},
		{attrs{"messaging.system": "rabbitmq", "messaging.destination.name": "amq.gen-x", "messaging.destination.anonymous": true}, "rabbitmq"},
		{attrs{"server.address": "api.example.com", "server.port": 443}, "api.example.com"},
		{attrs{"server.address": "api.example.com:443"}, "api.example.com"},
		{attrs{"net.peer.name": "legacy.example.com"}, "legacy.example.com"},
		{attrs{"http.host": "legacy.example.com:80"}, "legacy.example.com"},
		{attrs{"http.url": "https://user:pw@api.example.com:8443/v1?x=1"}, "api.example.com"},
		{attrs{"url.full": "http://[2001:db8::1]:80/"}, "[2001:db8::1]:80"},
		{attrs{"url.full": "http://[2001:db8::1]/"}, "2001:db8::1"},
		{attrs{"server.address": "10.1.2.3", "rpc.service": "shop.Cart"}, "shop.Cart"},
		{attrs{"server.address": "10.1.2.3"}, "10.1.2.3"},
		{attrs{"server.address": "2001:db8::1"}, "2001:db8::1"},
		{attrs{"net.sock.peer.addr": "10.1.2.3"}, "10.1.2.3"},
		{attrs{"server.address": "127.0.0.1", "server.port": 8083}, "127.0.0.1:8083"},
		{attrs{"server.address": "127.0.0.1", "server.port": "8084"}, "127.0.0.1:8084"},
		{attrs{"server.address": "127.0.0.1:8083"}, "127.0.0.1:8083"},
		{attrs{"server.address": "127.0.0.1:8083", "server.port": 8084}, "127.0.0.1:8084"},
		{attrs{"url.full": "http://127.0.0.1:8083/v1/things/7?x=1"}, "127.0.0.1:8083"},
		{attrs{"server.address": "2001:db8::1", "server.port": 8083}, "[2001:db8::1]:8083"},
		{attrs{"network.peer.address": "10.1.2.3", "network.peer.port": 8083}, "10.1.2.3:8083"},
		{attrs{"net.sock.peer.addr": "10.1.2.3", "net.sock.peer.port": 8083}, "10.1.2.3:8083"},
		{attrs{"net.peer.ip": "10.1.2.3", "net.peer.port": 8083}, "10.1.2.3:8083"},
		{attrs{"db.system.name": "redis", "db.namespace": "0", "server.address": "10.1.2.3", "server.port": 6380}, "redis:10.1.2.3:6380"},
		{attrs{"db.system.name": "postgresql", "db.namespace": "orders", "server.address": "10.1.2.3", "server.port": 5432}, "postgresql:orders"},
		{attrs{"server.address": "api.example.com", "network.peer.address": "10.1.2.3", "network.peer.port": 443}, "api.example.com"},
		{attrs{"server.address": "node-7", "server.port": 8083}, "node-7"},
		{attrs{"db.system.name": "mongodb", "server.address": "mongodb://me:pw@users-mongo:27017/?retryWrites=true"}, "mongodb:users-mongo"},
		{attrs{"db.system.name": "mongodb", "server.address": "mongodb://users-mongo"}, "mongodb:users-mongo"},
		{attrs{"db.system.name": "mongodb", "server.address": "mongodb://m-0.m:27017,m-1.m:27017/shop"}, "mongodb:m-0.m"},
		{attrs{"server.address": "10.1.2.3", "network.peer.port": 41234}, "10.1.2.3"}, // of another address, for all that is known
		{attrs{"server.address": "10.1.2.3", "server.port": 0}, "10.1.2.3"},
		{attrs{"server.address": "10.1.2.3", "server.port": 70000}, "10.1.2.3"},
		{attrs{"server.address": "10.1.2.3", "server.port": "http"}, "10.1.2.3"},
		{attrs{"server.port": 8083}, ""},
		{attrs{}, ""},
	} {
		_, a := spanOf(t, c.in)
		assert.Equal(t, identity.Service{Name: c.want}, peerOf(callgraph.Client, a, new(interner)), "%v", c.in)
		assert.Zero(t, peerOf(callgraph.Server, a, new(interner)), "a server has no callee")
	}
}

// Services at one address are told apart, and that costs no memory per span.
func TestLocate_doesNotAllocate(t *testing.T) {
	var in interner
	span, a := spanOf(t, attrs{"server.address": "127.0.0.1", "server.port": 8083})
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		a.read(span.Attributes(), wanted[callgraph.Client])
		a.locate(&in)
	}))
	assert.Equal(t, []string{"127.0.0.1", "8083"}, []string{a.get(peerHost), a.get(peerPort)})
}

func TestFailureOf(t *testing.T) {
	const unset, okay, failed = ptrace.StatusCodeUnset, ptrace.StatusCodeOk, ptrace.StatusCodeError
	for _, c := range []struct {
		kind   callgraph.Kind
		status ptrace.StatusCode
		in     attrs
		fails  bool
		want   string
	}{
		{callgraph.Server, unset, attrs{}, false, ""},
		{callgraph.Server, failed, attrs{}, true, otherError},
		{callgraph.Server, failed, attrs{"error.type": "timeout", "http.response.status_code": 504}, true, "timeout"},
		{callgraph.Server, unset, attrs{"http.response.status_code": 503}, true, "503"},
		{callgraph.Server, unset, attrs{"http.status_code": "500"}, true, "500"},
		{callgraph.Server, unset, attrs{"http.response.status_code": 404}, false, ""},
		{callgraph.Client, failed, attrs{"http.response.status_code": 404}, true, "404"},
		{callgraph.Server, okay, attrs{"http.response.status_code": 500}, false, ""},
		{callgraph.Server, unset, attrs{"rpc.grpc.status_code": 14}, true, "UNAVAILABLE"},
		{callgraph.Server, unset, attrs{"rpc.grpc.status_code": 5}, false, ""}, // NOT_FOUND is the caller's fault
		{callgraph.Client, unset, attrs{"rpc.grpc.status_code": 5}, true, "NOT_FOUND"},
		{callgraph.Server, failed, attrs{"rpc.response.status_code": "DEADLINE_EXCEEDED"}, true, "DEADLINE_EXCEEDED"},
		{callgraph.Server, unset, attrs{"rpc.grpc.status_code": 0}, false, ""},
	} {
		span, a := spanOf(t, c.in)
		span.Status().SetCode(c.status)
		fails, got := failureOf(c.kind, span, a)
		assert.Equal(t, c.fails, fails, "%v", c)
		assert.Equal(t, c.want, got, "%v", c)
	}

	span, a := spanOf(t, attrs{})
	span.Status().SetCode(failed)
	span.Events().AppendEmpty().SetName("exception")
	span.Events().At(0).Attributes().PutStr("exception.type", "java.io.IOException")
	_, got := failureOf(callgraph.Internal, span, a)
	assert.Equal(t, "java.io.IOException", got)
}

func TestIsStream(t *testing.T) {
	for _, c := range []struct {
		kind callgraph.Kind
		in   attrs
		want bool
	}{
		{callgraph.Server, attrs{"http.response.status_code": 101}, true},
		{callgraph.Server, attrs{"http.response.status_code": 200}, false},
		{callgraph.Server, attrs{"network.protocol.name": "websocket"}, true},
		{callgraph.Server, attrs{"http.response.header.content-type": []any{"text/event-stream; charset=utf-8"}}, true},
		{callgraph.Client, attrs{"http.request.header.accept": []any{"text/event-stream"}}, true},
		{callgraph.Server, attrs{"http.request.header.accept": []any{"text/html, text/event-stream"}}, false},
		{callgraph.Server, attrs{"graphql.operation.type": "subscription"}, true},
		{callgraph.Consumer, attrs{"messaging.operation.type": "receive"}, true},
		{callgraph.Client, attrs{"messaging.operation": "receive"}, true},
		{callgraph.Consumer, attrs{"messaging.operation.type": "process"}, false},
		{callgraph.Consumer, attrs{"messaging.operation.name": "poll"}, true},
		{callgraph.Consumer, attrs{"messaging.operation.name": "poll", "messaging.operation.type": "process"}, false},
		{callgraph.Server, attrs{"messaging.operation.name": "poll"}, false},
		{callgraph.Server, attrs{"http.request.header.upgrade": []any{"websocket"}}, true},
		{callgraph.Client, attrs{"db.system.name": "redis", "db.operation.name": "BLPOP"}, true},
		{callgraph.Client, attrs{"db.system": "redis", "db.operation": "LPOP"}, false},
		{callgraph.Client, attrs{"rpc.system": "aws-api", "rpc.service": "SQS", "rpc.method": "ReceiveMessage"}, true},
		{callgraph.Client, attrs{"rpc.system": "aws-api", "rpc.service": "SQS", "rpc.method": "SendMessage"}, false},
	} {
		span, a := spanOf(t, c.in)
		assert.Equal(t, c.want, isStream(c.kind, span, a), "%v", c.in)
	}

	span, a := spanOf(t, attrs{"rpc.system": "grpc"})
	for range 2 {
		span.Events().AppendEmpty().SetName("message")
	}
	assert.False(t, isStream(callgraph.Server, span, a), "one request, one response")
	span.Events().AppendEmpty().SetName("message")
	assert.True(t, isStream(callgraph.Server, span, a))
}

func TestResourceOf(t *testing.T) {
	cart := identity.Service{Namespace: "shop", Name: "cart"}
	base := attrs{"service.namespace": "shop", "service.name": "cart", "service.version": "1.2"}
	with := func(more attrs) attrs {
		out := attrs{}
		for k, v := range base {
			out[k] = v
		}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	for _, c := range []struct {
		in   attrs
		want resource
	}{
		{base, resource{cart, "", "1.2", ""}},
		{with(attrs{"service.instance.id": "a", "k8s.pod.name": "p"}), resource{cart, "a", "1.2", ""}},
		{with(attrs{"k8s.pod.name": "p", "k8s.pod.uid": "u", "container.id": "c"}), resource{cart, "p", "1.2", ""}},
		{with(attrs{"k8s.pod.uid": "u", "container.id": "c"}), resource{cart, "u", "1.2", ""}},
		{with(attrs{"container.id": "c", "host.name": "h"}), resource{cart, "c", "1.2", "h"}},
		{with(attrs{"host.name": "h", "process.pid": 4711}), resource{cart, "h:4711", "1.2", "h"}},
		{with(attrs{"host.name": "h"}), resource{cart, "h", "1.2", "h"}},
		{attrs{"service.name": "unknown_service:java"}, resource{identity.Service{Name: "unknown_service:java"}, "", "", ""}},
		{attrs{"service.name": ""}, resource{}},
		{attrs{"service.name": "a\xffb"}, resource{identity.Service{Name: "a\uFFFDb"}, "", "", ""}},
		{attrs{}, resource{}},
	} {
		assert.Equal(t, c.want, resourceOf(mapOf(t, c.in), new(interner)), "%v", c.in)
	}
}

func TestHostName(t *testing.T) {
	const container = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		in   attrs
		want string
	}{
		{attrs{}, ""},
		{attrs{"k8s.node.name": "node-7", "host.name": "vm-7", "host.id": "i-7"}, "node-7"},
		{attrs{"host.name": "vm-7", "host.id": "i-7", "k8s.pod.name": "cart-0", "container.id": container}, "vm-7"},
		{attrs{"host.id": "i-7"}, "i-7"},
		{attrs{"host.name": "cart-0", "k8s.pod.name": "cart-0"}, ""},
		{attrs{"host.name": "cart-0", "k8s.pod.name": "cart-0", "k8s.node.name": "node-7"}, "node-7"},
		{attrs{"host.name": "0123456789ab", "container.id": container, "host.id": "i-7"}, "i-7"},
		{attrs{"host.name": "0", "container.id": container}, "0"}, // a short name
		{attrs{"host.name": "v\xff"}, "v\uFFFD"},
	} {
		assert.Equal(t, c.want, resourceOf(mapOf(t, c.in), new(interner)).host, "%v", c.in)
	}
}
