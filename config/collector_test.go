package config

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/sage-rca/sage/exporter/incidentexporter"
	"github.com/sage-rca/sage/internal/rootcause"
)

// fields of an OpenTelemetryCollector's spec that the manifests may use: those of
// OpenTelemetryCollectorSpec in the Operator's apis/v1beta1, of which these are enough.
var fields = []string{
	"mode", "managementState", "upgradeStrategy", "image", "serviceAccount", "replicas", "resources", "tolerations",
	"podSecurityContext", "securityContext", "env", "terminationGracePeriodSeconds",
	"volumeMounts", "volumeClaimTemplates", "persistentVolumeClaimRetentionPolicy", "config",
}

// modules are the Go modules that have the component types, as in an ocb manifest.
var modules = map[string]string{
	"receivers/otlp":            "receiver/otlpreceiver",
	"receivers/nop":             "receiver/nopreceiver",
	"receivers/kubeletstats":    "receiver/kubeletstatsreceiver",
	"processors/memory_limiter": "processor/memorylimiterprocessor",
	"processors/batch":          "processor/batchprocessor",
	"processors/rootcause":      "processor/rootcauseprocessor",
	"exporters/nop":             "exporter/nopexporter",
	"exporters/otlp_grpc":       "exporter/otlpexporter",
	"exporters/incident":        "exporter/incidentexporter",
	"extensions/health_check":   "extension/healthcheckextension",
	"extensions/file_storage":   "extension/storage/filestorage",
	"processors/k8s_attributes": "processor/k8sattributesprocessor",
	"exporters/loadbalancing":   "exporter/loadbalancingexporter",
}

// contribOnly are types that builder-full.yaml has not; the contrib distribution has.
var contribOnly = []string{"processors/k8s_attributes", "exporters/loadbalancing"}

// built lists what builder-full.yaml compiles in, as "kind module".
func built(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("builder-full.yaml")
	require.NoError(t, err)
	var manifest map[string]any
	require.NoError(t, yaml.Unmarshal(b, &manifest))
	var out strings.Builder
	for _, kind := range []string{"receivers", "processors", "exporters", "extensions", "connectors"} {
		for _, m := range manifest[kind].([]any) {
			module := m.(map[string]any)
			where, _, _ := strings.Cut(module["gomod"].(string), " ")
			if i, ok := module["import"]; ok {
				where = i.(string)
			}
			out.WriteString(kind + " " + where + "\n")
		}
	}
	return out.String()
}

// collectors are the OpenTelemetryCollectors by file.
func collectors(t *testing.T) map[string]object {
	t.Helper()
	out := map[string]object{}
	for _, name := range []string{"agent", "gateway", "gateway-sharded", "analysis"} {
		o := objects(t, path.Join("kubernetes", name+".yaml"))
		require.Len(t, o, 1)
		out[name] = o[0]
	}
	return out
}

// section returns the configuration of the components of a kind, by ID.
func section(o object, kind string) map[string]any {
	out, _ := o.Spec["config"].(map[string]any)[kind].(map[string]any)
	return out
}

func names(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		out = append(out, e.(string))
	}
	return out
}

var kinds = []string{"receivers", "processors", "exporters", "extensions", "connectors"}

func TestModules_areWhereTheTableSays(t *testing.T) {
	b := built(t)
	for id, module := range modules {
		kind, _, _ := strings.Cut(id, "/")
		found := regexp.MustCompile(`(?m)^` + kind + ` \S*/` + regexp.QuoteMeta(module) + `$`).MatchString(b)
		assert.Equal(t, !slices.Contains(contribOnly, id), found, id)
	}
}

func TestCollectors_fields(t *testing.T) {
	mode := map[string]string{"agent": "daemonset", "gateway": "deployment", "gateway-sharded": "deployment", "analysis": "statefulset"}
	for name, o := range collectors(t) {
		for field := range o.Spec {
			assert.Contains(t, fields, field, name)
		}
		assert.Equal(t, mode[name], o.Spec["mode"], name)
		assert.Regexp(t, `^[a-z0-9./-]+:\d+\.\d+\.\d+$`, o.Spec["image"], "%s: an image without a version", name)
		contrib := strings.Contains(o.Spec["image"].(string), "opentelemetry-collector-contrib:")
		for _, kind := range kinds {
			for id := range section(o, kind) {
				typ, _, _ := strings.Cut(id, "/")
				require.Contains(t, modules, kind+"/"+typ, name)
				if slices.Contains(contribOnly, kind+"/"+typ) {
					assert.True(t, contrib, "%s: %s/%s is in no image but contrib's", name, kind, id)
				}
				ours := typ == "rootcause" || typ == "incident"
				assert.False(t, contrib && ours, "%s: %s/%s is not in contrib", name, kind, id)
			}
		}
	}
	// What is ours stands beside the version that the rest of the repository has.
	assert.Contains(t, read(t, "builder-full.yaml"), "v"+tag(collectors(t)["agent"]))
	assert.Contains(t, read(t, "builder-full.yaml"), "version: "+tag(collectors(t)["analysis"]))
}

func tag(o object) string {
	_, tag, _ := strings.Cut(o.Spec["image"].(string), ":")
	return tag
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}

// Pipelines name what is configured, and what is configured is in a pipeline or an extension.
func TestCollectors_pipelines(t *testing.T) {
	for name, o := range collectors(t) {
		service := section(o, "service")
		used := map[string]bool{}
		for _, id := range names(service["extensions"]) {
			used["extensions/"+id] = true
		}
		for pipeline, p := range service["pipelines"].(map[string]any) {
			for kind, list := range p.(map[string]any) {
				require.NotEmpty(t, names(list), "%s: %s", name, pipeline)
				for _, id := range names(list) {
					used[kind+"/"+id] = true
				}
			}
			if processors := names(p.(map[string]any)["processors"]); pipeline != "logs" {
				assert.Equal(t, "memory_limiter", processors[0], "%s: %s", name, pipeline)
			}
		}
		configured := map[string]bool{}
		for _, kind := range kinds {
			for id, settings := range section(o, kind) {
				configured[kind+"/"+id] = true
				// The Operator wants {} where nothing is set.
				assert.NotNil(t, settings, "%s: %s/%s", name, kind, id)
			}
		}
		assert.Equal(t, configured, used, name)
	}
}

// The agent looks at the connection before batch loses it.
func TestAgent_knowsWhereDataCameFrom(t *testing.T) {
	for _, p := range section(collectors(t)["agent"], "service")["pipelines"].(map[string]any) {
		processors := names(p.(map[string]any)["processors"])
		k8s, batch := slices.Index(processors, "k8s_attributes"), slices.Index(processors, "batch")
		assert.True(t, 0 <= k8s && k8s < batch, "%v", processors)
	}
}

// Every trace has one analysis Collector: there is one, or the gateway shards by trace ID
// over as many as it names, and metrics go to all of them.
func TestGateways_keepTracesWhole(t *testing.T) {
	assert.Equal(t, 1, collectors(t)["analysis"].Spec["replicas"])

	pipelines := func(o object, id string) []string {
		return names(section(o, "service")["pipelines"].(map[string]any)[id].(map[string]any)["exporters"])
	}
	endpoint := func(o object, id string) string {
		return section(o, "exporters")[id].(map[string]any)["endpoint"].(string)
	}

	one := collectors(t)["gateway"]
	assert.Equal(t, []string{"otlp_grpc/analysis"}, pipelines(one, "traces"))
	assert.Equal(t, []string{"otlp_grpc/analysis"}, pipelines(one, "metrics"))
	assert.Equal(t, "analysis-collector.sage.svc.cluster.local:4317", endpoint(one, "otlp_grpc/analysis"))

	sharded := collectors(t)["gateway-sharded"]
	assert.Equal(t, []string{"loadbalancing"}, pipelines(sharded, "traces"))
	balance, err := confmap.NewFromStringMap(section(sharded, "exporters")).Sub("loadbalancing")
	require.NoError(t, err)
	assert.Equal(t, "traceID", balance.Get("routing_key"))
	var all []string
	for _, id := range pipelines(sharded, "metrics") {
		all = append(all, endpoint(sharded, id))
	}
	assert.Equal(t, names(balance.Get("resolver::static::hostnames")), all)
	assert.Len(t, all, 2)
}

// The settings of our components are valid, and what they keep is on the volume.
func TestAnalysis_settings(t *testing.T) {
	o := collectors(t)["analysis"]
	whole := confmap.NewFromStringMap(o.Spec["config"].(map[string]any))

	engine := rootcause.DefaultConfig().(*rootcause.Config)
	sub, err := whole.Sub("processors::rootcause")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(engine))
	require.NoError(t, engine.Validate())
	require.NotNil(t, engine.Storage)

	incident := incidentexporter.NewFactory().CreateDefaultConfig().(*incidentexporter.Config)
	sub, err = whole.Sub("exporters::incident")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(incident))
	require.NoError(t, incident.Validate())
	require.NotNil(t, incident.Storage)

	extensions := names(whole.Get("service::extensions"))
	assert.Contains(t, extensions, engine.Storage.String())
	assert.Contains(t, extensions, incident.Storage.String())
	var mounted string
	for _, m := range o.Spec["volumeMounts"].([]any) {
		mounted = m.(map[string]any)["mountPath"].(string)
	}
	assert.Equal(t, mounted, whole.Get("extensions::file_storage::directory"))
	claim := o.Spec["volumeClaimTemplates"].([]any)[0].(map[string]any)["metadata"].(map[string]any)["name"]
	assert.Equal(t, claim, o.Spec["volumeMounts"].([]any)[0].(map[string]any)["name"])
	assert.NotNil(t, o.Spec["podSecurityContext"].(map[string]any)["fsGroup"], "the volume must be writable")
}
