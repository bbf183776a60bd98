package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestRing_forgetsInTheOrderOfFiling(t *testing.T) {
	span := func(i byte) identity.Span { return identity.Span{ID: identity.SpanID{i}} }
	r := newRing[string](2)
	r.put(span(1), "a", 10)
	r.put(span(2), "b", 20)
	r.put(span(1), "a again", 30) // the place of the first filing is void

	old, full := r.put(span(3), "c", 40)
	assert.True(t, full)
	assert.Equal(t, "b", old)

	_, ok := r.expire(30)
	assert.False(t, ok, "nothing was filed before 30 that is still here")
	old, ok = r.expire(31)
	assert.True(t, ok)
	assert.Equal(t, "a again", old)

	v, ok := r.take(span(3))
	assert.True(t, ok)
	assert.Equal(t, "c", v)
	_, ok = r.expire(1000)
	assert.False(t, ok)
}
