package ingest

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// ownDisks adds the stores that run on the host that a resource is about, but one that is the
// host. Its disks are theirs too: of what makes a store wait for its disk, its container says only
// how much it reads and writes. CPU, memory and network of the host are shared by more than that,
// and what the store itself lacks of them its container says.
func (i *Ingester) ownDisks(a *about, host string, now int64) {
	more := slices.DeleteFunc(i.stores.residents(host, now), func(in identity.Instance) bool {
		return slices.ContainsFunc(a.owners, func(o owner) bool { return o.instance.Service == in.Service })
	})
	if len(more) == 0 {
		return
	}
	host = strings.Clone(host)
	a.host, a.disks = true, slices.Clone(a.owners)
	for _, in := range more {
		a.disks = append(a.disks, ownerOf(host, in))
	}
}

// settle notes where the stores run that a is about, in place of what old says, which may be nil.
func (i *Ingester) settle(old, a *about, now int64) {
	var before, after []owner
	if old != nil && old.settled {
		before = old.owners
	}
	if a.settled {
		after = a.owners
	}
	if len(before)+len(after) > 0 {
		i.stores.settle(before, after, now)
	}
}
