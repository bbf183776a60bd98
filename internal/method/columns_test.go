package method

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// front > mid > db (no spans), and front sends messages to mail, for which nobody
// waits; batch calls mid too, which is no way to front.
func messages() *cbn.Graph {
	return cbn.New(1, cbn.Observation{
		RPCs:    []identity.RPC{rpc("front"), rpc("mid"), rpc("mail"), rpc("batch")},
		Entries: []identity.RPC{rpc("front"), rpc("batch")},
		Calls: []cbn.Call{
			{Edge: edge("front", "mid"), Network: true},
			{Edge: edge("mid", "db"), Leaf: true},
			{Edge: edge("front", "mail"), Async: true},
			{Edge: edge("batch", "mid"), Network: true},
		},
	})
}

func TestScope(t *testing.T) {
	s := newScope(messages(), rpc("front"))
	require.NotNil(t, s)
	assert.Equal(t, []identity.Service{service("db"), service("front"), service("mid")}, s.services)
	assert.Equal(t, s.entry, s.nodes[len(s.nodes)-1])
	assert.Nil(t, newScope(messages(), rpc("nobody")))
	assert.Nil(t, newScope(messages(), rpc("db")), "it serves nothing that is seen")
}

func TestScope_owner(t *testing.T) {
	s := newScope(messages(), rpc("front"))
	node := func(c cbn.Class, e identity.Edge) feature.Key { return latencyKey(cbn.Node{Class: c, Edge: e}, 1) }
	server := func(name string) identity.Edge { return identity.Edge{Callee: rpc(name)} }
	for name, tt := range map[string]struct {
		key      feature.Key
		own, all string
	}{
		"server":              {node(cbn.ServerNode, server("mid")), "mid", "mid"},
		"call of a server":    {node(cbn.ClientNode, edge("front", "mid")), "", "mid"},
		"its network":         {node(cbn.NetworkNode, edge("front", "mid")), "", "mid"},
		"call of a leaf":      {node(cbn.ClientNode, edge("mid", "db")), "db", "db"},
		"message":             {node(cbn.QueueNode, edge("front", "mail")), "", ""},
		"another caller":      {node(cbn.NetworkNode, edge("batch", "mid")), "", ""},
		"server off the path": {node(cbn.ServerNode, server("batch")), "", ""},
		"load":                {loadKey(rpc("mid")), "mid", "mid"},
		"load off the path":   {loadKey(rpc("mail")), "", ""},
		"errors":              {feature.Key{Kind: feature.Errors, Edge: server("mid")}, "mid", "mid"},
		"errors of a call":    {feature.Key{Kind: feature.Errors, Edge: edge("front", "mid")}, "", ""},
		"errors of a leaf":    {feature.Key{Kind: feature.Errors, Edge: edge("mid", "db")}, "db", "db"},
		"metric":              {feature.Key{Kind: feature.Metric, Service: service("front"), Name: "m"}, "front", "front"},
		"metric off the path": {feature.Key{Kind: feature.Metric, Service: service("mail"), Name: "m"}, "", ""},
		"own time":            {feature.Key{Kind: feature.Exclusive, Edge: server("mid")}, "", ""},
	} {
		of := func(c columns) string {
			if i := s.owner(tt.key, c); i >= 0 {
				return s.services[i].Name
			}
			return ""
		}
		assert.Equal(t, tt.own, of(own), "%s: own", name)
		assert.Equal(t, tt.all, of(all), "%s: all", name)
	}
}

func TestMechanism(t *testing.T) {
	metric := func(name string) feature.Key { return feature.Key{Kind: feature.Metric, Name: name} }
	for want, k := range map[rca.Mechanism]feature.Key{
		rca.CPU:       metric(cpuMetric),
		rca.Memory:    metric(memMetric),
		rca.Latent:    metric("process.uptime"),
		rca.Traffic:   loadKey(rpc("a")),
		rca.ErrorRate: {Kind: feature.Errors},
		rca.Retry:     {Kind: feature.Calls},
		rca.Pool:      {Kind: feature.Overlap},
		rca.Network:   latencyKey(cbn.Node{Class: cbn.NetworkNode}, 0),
		rca.QueueWait: latencyKey(cbn.Node{Class: cbn.QueueNode}, 0),
	} {
		assert.Equal(t, want, mechanism(k))
	}
	assert.Equal(t, rca.Latent, mechanism(latencyKey(cbn.Server(rpc("a")), 0)))
	assert.Equal(t, rca.Latent, mechanism(feature.Key{Kind: feature.Exclusive}))
}
