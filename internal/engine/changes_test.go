package engine

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
)

func TestChangeLog(t *testing.T) {
	m, h := learnt(t, 40)
	g := m.Layout.Graph
	var replaced, slower feature.Changes
	replaced.Add(g, cbn.Server(rpc("b")))
	slower.Add(g, cbn.Node{Class: cbn.ClientNode, Edge: g.Nodes[len(g.Nodes)-2].Edge})
	log := changeLog(nil).add(replaced, start(10)).add(slower, start(20))
	require.Len(t, log, 3, "of b the node and the service, and one node")
	again := log.add(replaced, start(30))
	require.Len(t, again, 3, "each once")
	assert.Equal(t, start(10), log[0].Since, "the log before stays as it was")
	assert.Equal(t, start(30), again[0].Since)

	assert.Len(t, log.within(h), 3)
	assert.Len(t, log.within(h.Since(start(10))), 1, "what is older than the windows is no news")
	assert.Empty(t, changeLog(nil).within(h))

	data := examples(m.Layout, h)
	changeLog(nil).mark(&data, m.Layout, h)
	assert.Nil(t, data.Since)
	log.mark(&data, m.Layout, h)
	for i, n := range g.Nodes {
		want := 0
		switch n {
		case log[0].Node:
			want = 10
		case log[2].Node:
			want = 20
		}
		assert.Equal(t, want, data.Since[i], n.String())
	}
	own := m.Layout.XOf[g.ServiceChannel(rpc("b").Service)]
	require.NotEmpty(t, own)
	for x := range m.Layout.XKeys {
		want := 0
		if slices.Contains(own, x) {
			want = 10
		}
		assert.Equal(t, want, data.SinceX[x])
	}
}
