package feature_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
)

func TestNamedMetric(t *testing.T) {
	for name, want := range map[string][3]string{ // aspect, metric, shown
		feature.NamedMetric("cpu", "CpuUsage(m)"):                  {"cpu", "CpuUsage(m)", "CpuUsage(m)"},
		feature.NamedMetric("memory_free", "my.memory.free"):       {"memory_free", "my.memory.free", "my.memory.free"},
		"host." + feature.NamedMetric("disk_wait", "Disk_io_util"): {"disk_wait", "Disk_io_util", "host.Disk_io_util"},
	} {
		aspect, metric, ok := feature.SplitNamed(name)
		assert.True(t, ok, name)
		assert.Equal(t, want, [3]string{aspect, metric, feature.ShownMetric(name)})
	}
	for _, name := range []string{"", "host.", "named.", "named.cpu", "host.cpu.usage", "container.cpu.usage", "renamed.cpu.x"} {
		_, _, ok := feature.SplitNamed(name)
		assert.False(t, ok, name)
		assert.Equal(t, name, feature.ShownMetric(name))
	}
}
