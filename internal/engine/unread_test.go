package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

func TestUnread(t *testing.T) {
	service := func(name string) identity.Service { return identity.Service{Name: name} }
	served := func(unread ...string) *window.Snapshot {
		s := &window.Snapshot{}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			s.RPCs = append(s.RPCs, window.RPC{Key: identity.RPC{Service: service(name)}})
		}
		for _, name := range unread {
			s.Unread = append(s.Unread, window.Unread{Service: service(name), Names: []string{"x.1", "x.2", "x.3"}})
		}
		return s
	}
	var u unread
	for range unreadWindows {
		u.observe(served("a", "unheard"), 5)
		assert.Empty(t, u.warning())
	}
	u.observe(served("a", "unheard"), 5)
	assert.Equal(t, `no metric of a is used, such as "x.1", "x.2": no resource is monitored there; add those that are of one to metrics.include, and others to metrics.exclude`, u.warning())

	for range unreadWindows + 1 {
		u.observe(served("e", "d", "c", "b", "a"), 5)
	}
	assert.Contains(t, u.warning(), "no metric of a, b, c and 2 more is used")

	used := served("a")
	used.Resources = []window.Resource{{Service: service("a")}}
	u.observe(used, 5)
	assert.Contains(t, u.warning(), "no metric of b, c, d and 1 more is used")
	for range 6 {
		u.observe(served(), 5)
	}
	assert.Empty(t, u.warning(), "nothing comes any longer")
}

// Metrics that come in every second window only, and are used, leave no time to say that none is.
func TestUnread_seldom(t *testing.T) {
	var u unread
	for i := range 4 * unreadWindows {
		s := &window.Snapshot{
			RPCs:   []window.RPC{{Key: identity.RPC{Service: identity.Service{Name: "a"}}}},
			Unread: []window.Unread{{Service: identity.Service{Name: "a"}, Names: []string{"x"}}},
		}
		if i%2 == 0 {
			s.Resources = []window.Resource{{Service: identity.Service{Name: "a"}}}
		}
		u.observe(s, 5)
		assert.Empty(t, u.warning())
	}
}
