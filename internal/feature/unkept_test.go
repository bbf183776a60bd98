package feature_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// What found no room is known by service for 20 windows, whatever clones learn later.
func TestHistory_Unkept(t *testing.T) {
	web, cart := identity.Service{Name: "web"}, identity.Service{Name: "cart"}
	h := feature.NewHistory(30*time.Second, 256, 1) // two columns would be 128 rows: too few
	h.Append(usage(0, 0, 1))
	assert.Empty(t, h.UnkeptServices())
	assert.Zero(t, h.Unkept(web))

	h.Append(usage(1, 0, 3))
	clone := h.Clone()
	h.Append(usage(2, 0, 2))
	clone.Append(usage(2, 0, 5))
	assert.Equal(t, []identity.Service{web}, h.UnkeptServices())
	assert.Equal(t, feature.Unkept{Metrics: []string{"m001", "m002"}}, h.Unkept(web), "each once")
	assert.Equal(t, feature.Unkept{Metrics: []string{"m001", "m002", "m003", "m004"}}, clone.Unkept(web))

	served := usage(3, 0, 1)
	served.RPCs = []window.RPC{{Key: identity.RPC{Service: cart, Operation: "GET"}}}
	h.Append(served)
	called := usage(4, 0, 1)
	called.Edges = []window.Edge{{Key: identity.Edge{Callee: identity.RPC{Service: web}}, Count: 1}}
	h.Append(called)
	assert.Equal(t, []identity.Service{cart, web}, h.UnkeptServices())
	assert.Equal(t, feature.Unkept{Spans: true}, h.Unkept(cart))
	assert.True(t, h.Unkept(web).Spans, "of who is called")

	for n := 5; n <= 23; n++ {
		h.Append(usage(n, 0, 1))
	}
	assert.Equal(t, []identity.Service{cart, web}, h.UnkeptServices())
	h.Append(usage(24, 0, 1))
	assert.Equal(t, []identity.Service{web}, h.UnkeptServices(), "21 windows later")
	h.Append(usage(25, 0, 1))
	assert.Empty(t, h.UnkeptServices())
}
