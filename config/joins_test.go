package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/ingest"
)

// kubelet has the resource attributes of kubeletstats' metrics (v0.149.0), extra labels of
// containers apart, and the key by which they find a replica or a host.
var kubelet = map[string]struct {
	attributes []string
	host       bool
	by         string
}{
	"container": {
		attributes: []string{"k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name"},
		by:         "container.id",
	},
	"pod":  {attributes: []string{"k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid"}, by: "k8s.pod.uid"},
	"node": {attributes: []string{"k8s.node.name"}, host: true, by: "k8s.node.name"},
}

// extracted is what the agent makes sure that spans have.
func extracted(t *testing.T) []string {
	return names(section(collectors(t)["agent"], "processors")["k8s_attributes"].(map[string]any)["extract"].(map[string]any)["metadata"])
}

// firstKey is the first key of which both sides have all attributes.
func firstKey(keys [][]string, a, b []string) string {
	for _, key := range keys {
		if !slices.ContainsFunc(key, func(attribute string) bool {
			return !slices.Contains(a, attribute) || !slices.Contains(b, attribute)
		}) {
			return strings.Join(key, ", ")
		}
	}
	return ""
}

// What the kubelet says of containers, pods and nodes finds the spans of those.
func TestJoins_ofKubeletAndSpans(t *testing.T) {
	extra := names(section(collectors(t)["agent"], "receivers")["kubeletstats"].(map[string]any)["extra_metadata_labels"])
	for name, r := range kubelet {
		if name == "container" {
			r.attributes = slices.Concat(r.attributes, extra)
		}
		keys := ingest.DefaultJoinKeys()
		if r.host {
			keys = ingest.DefaultHostKeys()
		}
		assert.Equal(t, r.by, firstKey(keys, r.attributes, extracted(t)), name)
	}
	// Of a pod with several containers the agent knows neither name nor ID of the
	// container that sent the spans: its pod is left.
	several := slices.DeleteFunc(extracted(t), func(a string) bool { return strings.Contains(a, "container") })
	assert.Equal(t, "k8s.pod.uid", firstKey(ingest.DefaultJoinKeys(), kubelet["container"].attributes, several))
	assert.Equal(t, "k8s.pod.uid, k8s.container.name",
		firstKey(ingest.DefaultJoinKeys(), kubelet["container"].attributes, append(several, "k8s.container.name")))
}

// docs/kubernetes.md has the keys of both kinds in the order in which they are tried.
func TestJoins_areDocumented(t *testing.T) {
	var got []string
	for line := range strings.SplitSeq(read(t, "../docs/kubernetes.md"), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) == 6 && strings.Contains(cells[2], "`") {
			got = append(got, strings.ReplaceAll(strings.TrimSpace(cells[2]), "`", ""))
		}
	}
	var want []string
	for _, key := range slices.Concat(ingest.DefaultJoinKeys(), ingest.DefaultHostKeys()) {
		want = append(want, strings.Join(key, ", "))
	}
	assert.Equal(t, want, got)
}
