package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
)

// resource is who speaks: the service, its replica and its version.
type resource struct {
	service  identity.Service
	instance string
	version  string
}

// clone returns r with memory of its own.
func (r resource) clone() resource {
	return resource{
		service:  identity.Service{Namespace: strings.Clone(r.service.Namespace), Name: strings.Clone(r.service.Name)},
		instance: strings.Clone(r.instance),
		version:  strings.Clone(r.version),
	}
}

// resourceNames are the attributes that resourceOf reads.
var resourceNames = [...]string{
	"service.namespace", "service.name", "service.version", "service.instance.id",
	"k8s.pod.name", "k8s.pod.uid", "container.id", "host.name", pidAttribute,
}

// resourceOf reads a resource. The service is service.namespace and
// service.name, whatever the name, "unknown_service:..." of SDKs included; an
// empty name is no service. The replica is the first of
//
//	service.instance.id
//	k8s.pod.name
//	k8s.pod.uid
//	container.id
//	host.name:process.pid
//	host.name
//
// or "" where none is there.
func resourceOf(m pcommon.Map, in *interner) resource {
	var r resource
	var id, podName, podUID, container, host string
	var pid pcommon.Value
	hasPid := false
	for k, v := range m.All() {
		switch k {
		case "service.namespace":
			r.service.Namespace = clean(text(v))
		case "service.name":
			r.service.Name = clean(text(v))
		case "service.version":
			r.version = clean(text(v))
		case "service.instance.id":
			id = text(v)
		case "k8s.pod.name":
			podName = text(v)
		case "k8s.pod.uid":
			podUID = text(v)
		case "container.id":
			container = text(v)
		case "host.name":
			host = text(v)
		case "process.pid":
			pid, hasPid = v, true // in decimal only where it is needed
		}
	}
	for _, candidate := range [...]string{id, podName, podUID, container} {
		if candidate != "" {
			r.instance = clean(candidate)
			return r
		}
	}
	r.instance = clean(host)
	if host != "" && hasPid {
		r.instance = in.join(host, ':', text(pid))
	}
	return r
}
