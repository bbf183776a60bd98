package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// object is what a Kubernetes object has in common with others, and the parts of those
// kinds that the tests look into.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string            `yaml:"name"`
		Namespace string            `yaml:"namespace"`
		Labels    map[string]string `yaml:"labels"`
	} `yaml:"metadata"`

	Spec map[string]any `yaml:"spec"` // OpenTelemetryCollector

	Automount *bool `yaml:"automountServiceAccountToken"` // ServiceAccount

	Rules   []rule    `yaml:"rules"` // ClusterRole
	RoleRef subject   `yaml:"roleRef"`
	Subject []subject `yaml:"subjects"` // ClusterRoleBinding

	Namespace string   `yaml:"namespace"` // Kustomization
	Resources []string `yaml:"resources"`
}

type rule struct {
	APIGroups []string `yaml:"apiGroups"`
	Resources []string `yaml:"resources"`
	Verbs     []string `yaml:"verbs"`
}

type subject struct {
	APIGroup  string `yaml:"apiGroup"`
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// objects reads a file of manifests. Fields that object does not have are errors.
func objects(t *testing.T, file string) []object {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	var out []object
	for {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err, file)
		out = append(out, o)
	}
}

// all reads all manifests, in the order of their files.
func all(t *testing.T) []object {
	t.Helper()
	files, err := filepath.Glob("kubernetes/*.yaml")
	require.NoError(t, err)
	var out []object
	for _, f := range files {
		out = append(out, objects(t, f)...)
	}
	return out
}

// Everything is of a kind and version that is known here, and has a name where it is
// in the cluster.
func TestManifests_parse(t *testing.T) {
	versions := map[string]string{
		"Kustomization": "kustomize.config.k8s.io/v1beta1", "Namespace": "v1", "ServiceAccount": "v1",
		"ClusterRole": "rbac.authorization.k8s.io/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
		"OpenTelemetryCollector": "opentelemetry.io/v1beta1",
	}
	namespaced := map[string]bool{"ServiceAccount": true, "OpenTelemetryCollector": true}
	seen := map[string]int{}
	for _, o := range all(t) {
		require.Contains(t, versions, o.Kind)
		assert.Equal(t, versions[o.Kind], o.APIVersion, o.Kind)
		seen[o.Kind]++
		assert.Equal(t, o.Kind != "Kustomization", o.Metadata.Name != "", o.Kind)
		assert.Equal(t, namespaced[o.Kind], o.Metadata.Namespace == "sage", o.Metadata.Name)
	}
	assert.Equal(t, map[string]int{
		"Kustomization": 1, "Namespace": 1, "ServiceAccount": 3, "ClusterRole": 1, "ClusterRoleBinding": 1, "OpenTelemetryCollector": 4,
	}, seen)
}

// The kustomization names files that are there, and of two manifests of one object one.
func TestManifests_kustomization(t *testing.T) {
	k := objects(t, "kubernetes/kustomization.yaml")
	require.Len(t, k, 1)
	assert.Equal(t, "sage", k[0].Namespace)
	names := map[string]string{}
	for _, file := range k[0].Resources {
		for _, o := range objects(t, filepath.Join("kubernetes", file)) {
			name := o.Kind + "/" + o.Metadata.Name
			assert.NotContains(t, names, name, "also in %s", names[name])
			names[name] = file
		}
	}
	for _, want := range []string{"agent", "gateway", "analysis"} {
		assert.Contains(t, names, "OpenTelemetryCollector/"+want)
	}
}
