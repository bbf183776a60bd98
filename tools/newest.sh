#!/usr/bin/env bash
# Compiles and tests the components against the newest Collector that is known to
# resolve whole, in a copy of go.mod: the repository itself asks for the oldest
# release that it supports.
set -euo pipefail
cd "$(dirname "$0")/.."

STABLE=${STABLE:-v1.70.0}
BETA=${BETA:-v0.164.0}
go=${GO:-go}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp go.mod go.sum "$dir/"

base=go.opentelemetry.io/collector
modules=()
for m in component confmap consumer exporter extension pdata pipeline processor featuregate config/configauth \
  config/configopaque config/configoptional config/configretry; do
  modules+=("$base/$m@$STABLE")
done
for m in component/componentstatus component/componenttest config/confighttp confmap/xconfmap connector connector/connectortest \
  connector/xconnector consumer/consumererror consumer/consumertest consumer/xconsumer exporter/exporterhelper exporter/exportertest exporter/xexporter \
  extension/xextension pdata/pprofile pdata/testdata pdata/xpdata pipeline/xpipeline processor/processorhelper \
  processor/processortest processor/xprocessor; do
  modules+=("$base/$m@$BETA")
done

"$go" get -modfile="$dir/go.mod" "${modules[@]}"
"$go" vet -modfile="$dir/go.mod" ./processor/... ./connector/... ./exporter/... ./internal/rootcause/... ./internal/ingest ./internal/report
"$go" test -modfile="$dir/go.mod" ./processor/... ./connector/... ./exporter/... ./internal/rootcause/... ./internal/report
