package recorded

import "regexp"

// podSuffix is what Kubernetes appends to the name of a workload: of a pod of a
// ReplicaSet "-<hash>-<random>", of a StatefulSet "-<ordinal>".
var podSuffix = regexp.MustCompile(`(-[a-z0-9]*[0-9][a-z0-9]*)?-[bcdfghjklmnpqrstvwxz0-9]{5}$|-[0-9]{1,3}$`)

// workload returns the name of the workload that a pod belongs to, or the
// pod's own where nothing shows that it belongs to one.
func workload(pod string) string {
	if at := podSuffix.FindStringIndex(pod); at != nil && at[0] > 0 {
		return pod[:at[0]]
	}
	return pod
}
