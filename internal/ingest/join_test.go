package ingest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func replica(service, id string) identity.Instance {
	return identity.Instance{Service: identity.Service{Name: service}, ID: id}
}

func newTestJoins(max int) *joins { return newJoins(DefaultJoinKeys(), DefaultHostKeys(), max, 100) }

func TestJoins(t *testing.T) {
	j := newTestJoins(1000)
	cart, web := replica("cart", "c1"), replica("web", "w1")
	j.learn(mapOf(t, attrs{"service.name": "cart", "k8s.pod.uid": "u1", "host.name": "h1", "process.pid": 7}), cart, 10)
	j.learn(mapOf(t, attrs{"service.name": "web", "container.id": "abc", "host.name": "h1", "process.pid": "8"}), web, 10)

	for _, c := range []struct {
		name string
		in   attrs
		want []identity.Instance
		host bool
	}{
		{"pod", attrs{"k8s.pod.uid": "u1", "k8s.node.name": "n"}, []identity.Instance{cart}, false},
		{"container", attrs{"container.id": "abc"}, []identity.Instance{web}, false},
		{"process, number for number", attrs{"host.name": "h1", "process.pid": 7}, []identity.Instance{cart}, false},
		{"process, number for text", attrs{"host.name": "h1", "process.pid": 8}, []identity.Instance{web}, false},
		{"pid alone", attrs{"process.pid": 7}, []identity.Instance{cart}, false},
		{"pid of another host", attrs{"host.name": "h2", "process.pid": 7}, nil, false},
		{"host", attrs{"host.name": "h1"}, []identity.Instance{cart, web}, true},
		{"unknown process of a known host", attrs{"host.name": "h1", "process.pid": 99}, nil, false},
		{"unknown pod", attrs{"k8s.pod.uid": "u2", "host.name": "h1"}, nil, false},
		{"nothing", attrs{}, nil, false},
	} {
		got, host := j.find(nil, mapOf(t, c.in), identity.Service{}, 20)
		assert.Equal(t, c.want, got, c.name)
		assert.Equal(t, c.host, host, c.name)
	}

	got, _ := j.find(nil, mapOf(t, attrs{"k8s.pod.uid": "u1"}), web.Service, 20)
	assert.Empty(t, got, "only replicas of the service that the metric names")
	got, _ = j.find(nil, mapOf(t, attrs{"k8s.pod.uid": "u1"}), identity.Service{}, 110)
	assert.Empty(t, got, "forgotten")
}

func TestJoins_aPidOfTwoIsNobodys(t *testing.T) {
	j := newTestJoins(1000)
	j.learn(mapOf(t, attrs{"process.pid": 1}), replica("cart", "a"), 10)
	got, _ := j.find(nil, mapOf(t, attrs{"process.pid": 1}), identity.Service{}, 10)
	assert.Len(t, got, 1)
	j.learn(mapOf(t, attrs{"process.pid": 1}), replica("web", "b"), 10)
	got, _ = j.find(nil, mapOf(t, attrs{"process.pid": 1}), identity.Service{}, 10)
	assert.Empty(t, got)
}

func TestJoins_areBounded(t *testing.T) {
	j := newTestJoins(10)
	for k := range 100 {
		ok := j.learn(mapOf(t, attrs{"container.id": fmt.Sprint("c", k)}), replica("cart", fmt.Sprint(k)), 10)
		assert.Equal(t, k < 10, ok)
	}
	assert.Equal(t, 10, j.size)
	assert.True(t, j.learn(mapOf(t, attrs{"container.id": "new"}), replica("cart", "new"), 200), "the others are forgotten")
	assert.Equal(t, 1, j.size)
	assert.Len(t, j.holders, 1)
}

func TestPlainNumber(t *testing.T) {
	for s, want := range map[string]bool{"0": true, "4711": true, "": false, "007": false, "-1": false, "1.5": false, "12345678901234567890": false} {
		_, ok := plainNumber(s)
		assert.Equal(t, want, ok, s)
	}
}
