package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// need is a right that a component needs under some of its settings, as the READMEs of
// the receiver and the processor (v0.149.0) have it.
type need struct {
	right string // group/resource verb
	when  func(kubelet, k8s *confmap.Conf) bool
}

func always(_, _ *confmap.Conf) bool { return true }

// asks reports whether k8s_attributes is asked for metadata that begins so.
func asks(prefixes ...string) func(_, k8s *confmap.Conf) bool {
	return func(_, k8s *confmap.Conf) bool {
		// Its default when nothing is said, which has the name of the deployment.
		metadata := []string{"k8s.deployment.name"}
		if k8s.IsSet("extract::metadata") {
			metadata = names(k8s.Get("extract::metadata"))
		}
		return slices.ContainsFunc(metadata, func(m string) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(m, p) })
		})
	}
}

// pods reports whether kubeletstats reads /pods of the kubelet.
func pods(kubelet, _ *confmap.Conf) bool {
	metrics, _ := kubelet.Get("metrics").(map[string]any)
	for name := range metrics {
		if strings.HasSuffix(name, "limit_utilization") || strings.HasSuffix(name, "request_utilization") {
			return true
		}
	}
	return kubelet.IsSet("extra_metadata_labels")
}

func storage(kubelet, _ *confmap.Conf) bool { return kubelet.IsSet("k8s_api_config") }

var needs = []need{
	{"/nodes/stats get", always},
	{"/nodes/pods get", pods},
	{"/persistentvolumeclaims get", storage},
	{"/persistentvolumes get", storage},
	{"/pods get", always},
	{"/pods list", always},
	{"/pods watch", always},
	// Its informers of these watch nothing unless they are asked for.
	{"apps/replicasets get", asks("k8s.deployment", "service.name")},
	{"apps/replicasets list", asks("k8s.deployment", "service.name")},
	{"apps/replicasets watch", asks("k8s.deployment", "service.name")},
	{"/namespaces get", asks("k8s.cluster.uid")},
	{"/namespaces list", asks("k8s.cluster.uid")},
	{"/namespaces watch", asks("k8s.cluster.uid")},
	{"/nodes get", asks("k8s.node.uid")},
	{"/nodes list", asks("k8s.node.uid")},
	{"/nodes watch", asks("k8s.node.uid")},
	{"batch/jobs get", asks("k8s.cronjob.uid")},
	{"batch/jobs list", asks("k8s.cronjob.uid")},
	{"batch/jobs watch", asks("k8s.cronjob.uid")},
}

// The agents may do what they need as they are configured, and nothing more.
func TestRBAC_isWhatTheAgentNeeds(t *testing.T) {
	agent := confmap.NewFromStringMap(collectors(t)["agent"].Spec["config"].(map[string]any))
	kubelet, err := agent.Sub("receivers::kubeletstats")
	require.NoError(t, err)
	k8s, err := agent.Sub("processors::k8s_attributes")
	require.NoError(t, err)
	// Labels and annotations need rights that the table has not.
	require.False(t, k8s.IsSet("extract::labels") || k8s.IsSet("extract::annotations") || k8s.IsSet("extract::otel_annotations"))

	var want []string
	for _, n := range needs {
		if n.when(kubelet, k8s) {
			want = append(want, n.right)
		}
	}
	var got []string
	for _, o := range all(t) {
		for _, r := range o.Rules {
			for _, group := range r.APIGroups {
				for _, resource := range r.Resources {
					for _, verb := range r.Verbs {
						got = append(got, group+"/"+resource+" "+verb)
					}
				}
			}
		}
	}
	assert.ElementsMatch(t, want, got)
	assert.Len(t, got, 5)
}

// Only the agents have a role; gateway and analysis do not even have a token.
func TestRBAC_whoHasIt(t *testing.T) {
	accounts := map[string]bool{} // by name: whether it has a token
	for _, o := range all(t) {
		switch o.Kind {
		case "ServiceAccount":
			accounts[o.Metadata.Name] = o.Automount == nil || *o.Automount
		case "ClusterRoleBinding":
			assert.Equal(t, subject{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "sage-agent"}, o.RoleRef)
			assert.Equal(t, []subject{{Kind: "ServiceAccount", Name: "sage-agent", Namespace: "sage"}}, o.Subject)
		}
	}
	assert.Equal(t, map[string]bool{"sage-agent": true, "sage-gateway": false, "sage-analysis": false}, accounts)
	for name, o := range collectors(t) {
		assert.Equal(t, "sage-"+strings.TrimSuffix(name, "-sharded"), o.Spec["serviceAccount"])
		pod, container := o.Spec["podSecurityContext"].(map[string]any), o.Spec["securityContext"].(map[string]any)
		assert.Equal(t, true, pod["runAsNonRoot"], name)
		assert.Equal(t, false, container["allowPrivilegeEscalation"], name)
		assert.Equal(t, map[string]any{"drop": []any{"ALL"}}, container["capabilities"], name)
	}
}

// What the document says of rights is what there is.
func TestRBAC_isDocumented(t *testing.T) {
	text := read(t, "../docs/kubernetes.md")
	for _, o := range all(t) {
		for _, r := range o.Rules {
			assert.Contains(t, text, "| `"+strings.Join(r.Resources, "`, `")+"` | "+strings.Join(r.Verbs, ", ")+" |")
		}
	}
}
