package rca

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// places says on which hosts replicas run, for all that their spans say, and the metrics of
// those that send none.
type places map[identity.Instance]string

func newPlaces(snap *window.Snapshot, before *Whereabouts) places {
	out := places{}
	before.known(out)
	for i := range snap.Resources {
		r := &snap.Resources[i]
		for _, in := range r.Instances {
			if in.Host != "" {
				out[identity.Instance{Service: r.Service, ID: in.ID}] = in.Host
			}
		}
	}
	for i := range snap.RPCs {
		r := &snap.RPCs[i]
		for _, in := range r.Instances {
			if in.Host != "" {
				out[identity.Instance{Service: r.Key.Service, ID: in.ID}] = in.Host
			}
		}
	}
	return out
}

// host returns the host of a replica, "" where nobody says.
func (d *diagnosis) host(s identity.Service, id string) string {
	return d.located()[identity.Instance{Service: s, ID: id}]
}

// located returns the places of the violated window.
func (d *diagnosis) located() places {
	if d.places == nil {
		d.places = newPlaces(d.in.Snapshot, d.in.Whereabouts)
	}
	return d.places
}

// runsOn reports whether a request of r was served on a host.
func runsOn(r *window.RPC, host string) bool {
	for _, in := range r.Instances {
		if in.Host == host {
			return true
		}
	}
	return false
}
