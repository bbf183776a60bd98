package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// rank says by what a resource of metrics is known to those who call it.
type rank uint8

// The ranks, of which the first that leads to a store counts.
const (
	byAddress   rank = iota // at which the metrics were scraped
	byPod                   // names of its pod, and of what runs that
	byContainer             // name of its container
	byService               // service.name
	byHost                  // name of the host that it is
	numRanks
)

// bearing are the names by which callers may know what a resource is.
type bearing struct {
	namespace string // of Kubernetes, "" where it is not said
	pod       string
	names     [numRanks][]string
	guesses   []string // of what runs the pod, the longest first, of which one may be right
}

// addressAttributes say where metrics were scraped. A service.instance.id does where it has
// a port.
var addressAttributes = [...]string{"server.address", "net.host.name", "mysql.instance.endpoint", "service.instance.id"}

// workloadAttributes are names of what runs pods.
var workloadAttributes = [...]string{"k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.service.name"}

// bearingOf reads the names of the resource m.
func bearingOf(m pcommon.Map) bearing {
	get := func(attribute string) string { return strings.ToLower(saidOf(m, attribute)) }
	var b bearing
	add := func(r rank, name string) {
		if name != "" {
			b.names[r] = append(b.names[r], name)
		}
	}
	b.namespace, b.pod = get("k8s.namespace.name"), get("k8s.pod.name")
	for _, attribute := range addressAttributes {
		if address := get(attribute); attribute != "service.instance.id" || portOf(address) != "" {
			add(byAddress, address)
		}
	}
	add(byPod, b.pod)
	add(byPod, get("k8s.pod.ip"))
	workload := false
	for _, attribute := range workloadAttributes {
		name := get(attribute)
		add(byPod, name)
		workload = workload || name != ""
	}
	if !workload {
		b.guesses = workloadsOf(b.pod)
	}
	// Charts call a container after what it runs, be it whose it may: that counts where
	// its pod is called so too.
	if name := get("k8s.container.name"); b.pod == "" || strings.HasPrefix(b.pod, name+"-") {
		add(byContainer, name)
	}
	if b.pod == "" {
		b.names[byContainer] = append(b.names[byContainer], composedOf(get("container.name"))...)
	}
	add(byService, get("service.name"))
	if isHost(m) {
		add(byHost, get("host.name"))
	}
	return b
}

// workloadsOf returns what may run a pod by its name, the longest first:
//
//	mongo-0                  a StatefulSet: mongo
//	mongo-7d9c8b6f5d-x7k2p   a Deployment: mongo
//	mongo-x7k2p              a DaemonSet, or a Job: mongo
func workloadsOf(pod string) (names []string) {
	const id, shortest, longest = 5, 5, 10 // characters, of the last those of a hash
	head, tail, _ := cutLast(pod)
	switch {
	case head == "":
		return nil
	case isNumber(tail):
		return []string{head}
	case len(tail) != id || !isToken(tail):
		return nil
	}
	names = []string{head}
	head, tail, _ = cutLast(head)
	if n := len(tail); head != "" && shortest <= n && n <= longest && isToken(tail) && strings.ContainsAny(tail, "0123456789") {
		names = append(names, head)
	}
	return names
}

// isToken reports whether s has the characters of generated parts of names only.
func isToken(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

func cutLast(s string) (head, tail string, ok bool) {
	if k := strings.LastIndexByte(s, '-'); k >= 0 {
		return s[:k], s[k+1:], true
	}
	return "", s, false
}

// composedOf returns the name of a container, and what Docker Compose and Swarm call a
// service that they gave that name:
//
//	shop-mongo-1, shop_mongo_1, shop_mongo.1.<task>   mongo
func composedOf(container string) (names []string) {
	container = strings.TrimPrefix(container, "/")
	if container == "" {
		return nil
	}
	names = []string{container}
	stack, _, swarm := strings.Cut(container, ".")
	separator := byte('_')
	if !swarm {
		k := strings.LastIndexAny(container, "-_")
		if k <= 0 || k+1 == len(container) || !isNumber(container[k+1:]) {
			return names
		}
		stack, separator = container[:k], container[k]
	}
	if k := strings.IndexByte(stack, separator); k > 0 && k+1 < len(stack) {
		names = append(names, stack[k+1:])
	}
	return append(names, stack)
}
