package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
)

// resource is who speaks: the service, its replica, its version and its host.
type resource struct {
	service  identity.Service
	instance string
	version  string
	host     string
}

// clone returns r with memory of its own.
func (r resource) clone() resource {
	return resource{
		service:  identity.Service{Namespace: strings.Clone(r.service.Namespace), Name: strings.Clone(r.service.Name)},
		instance: strings.Clone(r.instance),
		version:  strings.Clone(r.version),
		host:     strings.Clone(r.host),
	}
}

// resourceNames are the attributes that resourceOf reads.
var resourceNames = [...]string{
	"service.namespace", "service.name", "service.version", "service.instance.id",
	"k8s.pod.name", "k8s.pod.uid", "container.id", "host.name", pidAttribute, "k8s.node.name", "host.id",
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
// or "" where none is there. Of its host see hostName.
func resourceOf(m pcommon.Map, in *interner) resource {
	var r resource
	var id, podName, podUID, container, host, hostID, node string
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
		case "host.id":
			hostID = text(v)
		case "k8s.node.name":
			node = text(v)
		case "process.pid":
			pid, hasPid = v, true // in decimal only where it is needed
		}
	}
	r.host = clean(hostName(node, host, hostID, podName, container))
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

// hostName returns the name of the host of a resource, the first of
//
//	k8s.node.name
//	host.name
//	host.id
//
// or "". What asks within a container for the name of the host is told that of the
// pod, or the first 12 digits of the container's ID: such a host.name is passed over,
// for each would be alone on its host.
func hostName(node, name, id, pod, container string) string {
	const short = 12
	if name == pod || len(name) == short && strings.HasPrefix(container, name) {
		name = ""
	}
	return firstOf(node, firstOf(name, id))
}
