package emit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

// replica is who sends spans and is measured.
type replica struct {
	service   *simulate.Service
	index     int // of the service
	host      int
	hostName  string
	id        string // of the instance, and the name of its pod
	podUID    string
	container string // ID
	silent    bool   // sends nothing of its own
}

// replicasOf returns the replicas of app, by service and number.
func replicasOf(app *simulate.App, mute map[int]bool) [][]replica {
	out := make([][]replica, len(app.Services))
	for s := range app.Services {
		svc := &app.Services[s]
		for r, h := range svc.Hosts {
			id := apps.InstanceID(app, s, r)
			sum := sha256.Sum256([]byte(app.Name + "/" + id))
			out[s] = append(out[s], replica{
				service: svc, index: s, host: h, hostName: app.Hosts[h].Name, id: id,
				podUID:    fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]),
				container: hex.EncodeToString(sum[:]),
				silent:    svc.Uninstrumented || mute[s],
			})
		}
	}
	return out
}

// languages are telemetry.sdk.language by runtime.
var languages = map[string]string{"jvm": "java", "go": "go", "nodejs": "nodejs"}

// describe writes the resource of the replica's SDK after so many deploys.
func (r *replica) describe(to pcommon.Map, namespace string, deploys int) {
	to.EnsureCapacity(12)
	to.PutStr("service.name", r.service.Name)
	if namespace != "" {
		to.PutStr("service.namespace", namespace)
	}
	to.PutStr("service.instance.id", r.id)
	if r.service.Version != "" {
		to.PutStr("service.version", versionAfter(r.service.Version, deploys))
	}
	r.describePod(to, namespace)
	to.PutStr("container.id", r.container)
	to.PutStr("host.name", r.hostName)
	if l := languages[r.service.Runtime]; l != "" {
		to.PutStr("telemetry.sdk.language", l)
	}
}

// describePod writes the attributes of the replica's pod.
func (r *replica) describePod(to pcommon.Map, namespace string) {
	if namespace != "" {
		to.PutStr("k8s.namespace.name", namespace)
	}
	to.PutStr("k8s.pod.name", r.id)
	to.PutStr("k8s.pod.uid", r.podUID)
	to.PutStr("k8s.node.name", r.hostName)
}

// versionAfter is the version that stands after n deploys: the first one, then
// with the number of the deploy behind it.
func versionAfter(version string, n int) string {
	if n == 0 {
		return version
	}
	return fmt.Sprintf("%s-%d", version, n)
}
