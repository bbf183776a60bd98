package window_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// What comes again takes no more memory, what is new takes what it brings: a kilobyte or
// so, and 256 bytes for each octave of a sketch.
func TestGathering_tellsHowItGrows(t *testing.T) {
	of := func(values ...int64) *sketch.Sketch {
		k := new(sketch.Sketch)
		for _, v := range values {
			k.Add(v, 1)
		}
		return k
	}
	g := window.NewGathering(0)
	rpc := &window.RPCShare{Key: identity.RPC{Operation: "GET /"}, Count: 1, Latency: of(1000)}
	first := g.AddRPC(rpc)
	assert.Greater(t, first, 256)
	assert.Less(t, first, 2048)
	assert.Zero(t, g.AddRPC(rpc))
	rpc.Latency = of(4000)
	assert.Equal(t, 2*256, g.AddRPC(rpc), "two octaves on: three lines of 32 numbers instead of one")

	edge := &window.EdgeShare{Key: identity.Edge{Callee: rpc.Key}, Client: of(1), ErrorTypes: []window.ErrorWeight{{Type: "timeout", Weight: 1}}}
	assert.Greater(t, g.AddEdge(edge), 256)
	assert.Zero(t, g.AddEdge(edge))
	edge.Shown = of(1)
	assert.Equal(t, 256, g.AddEdge(edge))
}

// However many replicas there are, MaxInstances and the others take memory, with sketches
// of 64 octaves or 65, and what is counted of names that have given way.
func TestGathering_replicasTakeBoundedMemory(t *testing.T) {
	wide := new(sketch.Sketch)
	wide.Add(1, 1)
	wide.Add(math.MaxInt64, 1)
	g := window.NewGathering(0)
	grown := 0
	for n := range 20_000 {
		grown += g.AddRPC(&window.RPCShare{Instances: []window.InstanceShare{{ID: fmt.Sprint(n), Count: 1, Latency: wide}}})
	}
	most := (window.MaxInstances + 2) * 65 * 256
	assert.Less(t, grown, most+most/8)
	assert.Greater(t, grown, window.MaxInstances*64*256)
}
