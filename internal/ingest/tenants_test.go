package ingest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// here returns the IDs of who is kept on a host.
func (t *tenants) here(host string) (ids []string) {
	for _, x := range t.on[host] {
		ids = append(ids, x.instance.ID)
	}
	return ids
}

func nobodyGone(*tenant) bool { return false }

// Of one host the first by name are kept, in whatever order they come.
func TestTenants_ofAHost(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		n := newTenants(1000, 100)
		for k := range 2 * maxTenants {
			if backwards {
				k = 2*maxTenants - 1 - k
			}
			news := n.add("h", replica("db", fmt.Sprintf("%03d", k)), 1, nobodyGone)
			assert.Equal(t, backwards || k < maxTenants, news)
		}
		ids := n.here("h")
		assert.Len(t, ids, maxTenants)
		assert.Equal(t, "000", ids[0])
		assert.Equal(t, fmt.Sprintf("%03d", maxTenants-1), ids[maxTenants-1])
		assert.Equal(t, maxTenants, n.size)
		assert.Len(t, n.said, maxTenants)
		assert.False(t, n.add("h", replica("db", "000"), 2, nobodyGone), "is known")
	}
}

// Who is gone gives way, on a host that is full and where there is no room at all.
func TestTenants_giveWay(t *testing.T) {
	n := newTenants(maxTenants+1, 100)
	expired := func(now int64) func(*tenant) bool {
		return func(x *tenant) bool { return !n.is(x, now) }
	}
	for k := range maxTenants {
		assert.True(t, n.add("h", replica("db", fmt.Sprintf("%03d", k)), 1, expired(1)))
	}
	assert.False(t, n.add("h", replica("db", "new"), 100, expired(100)), "all are remembered")
	assert.True(t, n.add("i", replica("db", "a"), 100, expired(100)))
	assert.False(t, n.add("i", replica("db", "b"), 100, expired(100)), "no room")
	assert.True(t, n.add("h", replica("db", "new"), 101, expired(101)))
	assert.Equal(t, []string{"new"}, n.here("h"))

	for k := range maxTenants - 1 {
		n.add("j", replica("db", fmt.Sprintf("%03d", k)), 102, expired(102))
	}
	assert.Equal(t, maxTenants+1, n.size)
	assert.False(t, n.add("k", replica("db", "b"), 103, expired(103)), "no room")
	assert.True(t, n.add("k", replica("db", "b"), 203, expired(203)))
	assert.Equal(t, 1, n.size)
	assert.Len(t, n.on, 1)
	assert.Len(t, n.said, 1)
}

// TestTenants_move has a replica said to be on hosts at times, and asks where it is at 100.
func TestTenants_move(t *testing.T) {
	type at struct {
		host string
		when int64
	}
	for _, c := range []struct {
		name string
		said []at
		want string
	}{
		{"on one", []at{{"h", 1}}, "h"},
		{"long ago", []at{{"h", 0}}, ""},
		{"moved", []at{{"h", 50}, {"i", 70}}, "i"},
		{"just now, or on both", []at{{"h", 90}, {"i", 95}}, "hi"},
		{"on both for long", []at{{"h", 50}, {"i", 51}, {"h", 90}, {"i", 91}}, "hi"},
		{"and back", []at{{"h", 10}, {"i", 50}, {"h", 90}}, "h"},
	} {
		n := newTenants(10, 100)
		db := replica("db", "a")
		for _, s := range c.said {
			n.add(s.host, db, s.when, nobodyGone)
		}
		got := ""
		for _, host := range []string{"h", "i"} {
			if k, known := n.find(host, db); known && n.is(&n.on[host][k], 100) {
				got += host
			}
		}
		assert.Equal(t, c.want, got, c.name)
	}
}
