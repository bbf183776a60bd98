package apps

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/sage-rca/sage/internal/simulate"
)

// InstanceID returns the name of a replica: what a pod of it would be called, of
// the service, five characters of the replica set, and five of the pod. It is the
// same for equal names, whatever the seed.
func InstanceID(app *simulate.App, service, replica int) string {
	name := ServiceName(app, service)
	set := sha256.Sum256([]byte(app.Name + "/" + name))
	pod := sha256.Sum256([]byte(app.Name + "/" + name + "/" + strconv.Itoa(replica)))
	return name + "-" + hex.EncodeToString(set[:])[:5] + "-" + hex.EncodeToString(pod[:])[:5]
}
