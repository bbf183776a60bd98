package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Five requests must be seen of each of two replicas, whatever they stand for.
func TestInstanceOf_seen(t *testing.T) {
	usual := func(identity.RPC) float64 { return 0.1 }
	for _, c := range []struct {
		count, unseen float64 // of the bad one
		want          bool
	}{
		{5, 0, true},
		{4, 0, false},
		{500, 495, true},
		{400, 396, false},
		{100, 99, false},
	} {
		snap := &window.Snapshot{RPCs: []window.RPC{{Key: op("a"), Count: 20 + c.count, Instances: []window.Instance{
			{ID: "bad", Count: c.count, Unseen: c.unseen, Latency: sketched(int(c.count), 0.3)},
			{ID: "good", Count: 20, Latency: sketched(20, 0.1)},
		}}}}
		b, ok := instanceOf(snap, svc("a"), usual)
		assert.Equal(t, c.want, ok, "%v of which %v are unseen", c.count, c.unseen)
		if ok {
			assert.Equal(t, "bad", b.id)
		}
	}
}
