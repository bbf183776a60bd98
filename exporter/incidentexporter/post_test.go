package incidentexporter

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func newPosterForTest(t *testing.T, endpoint, path string, secrets ...string) *poster {
	t.Helper()
	cfg := confighttp.NewDefaultClientConfig()
	cfg.Endpoint = endpoint
	cfg.Headers = configopaque.MapList{{Name: "X-Token", Value: "header-secret"}}
	p, err := newPoster(t.Context(), &cfg, path, "application/json", secrets, componenttest.NewNopHost(), componenttest.NewNopTelemetrySettings(), component.NewDefaultBuildInfo())
	require.NoError(t, err)
	return p
}

func TestPoster_tellsPermanentFromRetryable(t *testing.T) {
	for status, permanent := range map[int]bool{
		301: true, 302: true, 307: true, 308: true, 400: true, 401: true, 403: true, 404: true, 413: true, 422: true,
		408: false, 429: false, 500: false, 502: false, 503: false, 504: false,
	} {
		r := listen(t)
		r.answers(status, map[string]string{"Location": r.URL + "/elsewhere"}, "because")
		err := newPosterForTest(t, r.URL, "").post(t.Context(), []byte("{}"))
		require.ErrorContains(t, err, "because")
		assert.Equal(t, permanent, consumererror.IsPermanent(err), status)
		assert.Zero(t, r.paths["/elsewhere"], "redirects are not followed: headers may be secret")
	}
	for _, status := range []int{200, 202, 204} {
		r := listen(t)
		r.answers(status, nil, "")
		require.NoError(t, newPosterForTest(t, r.URL, "").post(t.Context(), []byte("{}")))
	}
}

func TestPoster_networkErrorsAreRetryable(t *testing.T) {
	r := listen(t)
	p := newPosterForTest(t, r.URL+"/services/url-secret?token=url-secret", "")
	r.Close()
	err := p.post(t.Context(), nil)
	require.Error(t, err)
	assert.False(t, consumererror.IsPermanent(err))
	assert.NotContains(t, err.Error(), "url-secret")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.post(ctx, nil), context.Canceled)
}

func TestPoster_errorsKeepSecrets(t *testing.T) {
	r := listen(t)
	r.answers(http.StatusBadRequest, nil, "bad key routing-secret\nof\x1b[31m header-secret "+strings.Repeat("x", 10_000))
	err := newPosterForTest(t, r.URL+"/url-secret", "", "routing-secret").post(t.Context(), nil)
	require.ErrorContains(t, err, "bad key [REDACTED] of [31m [REDACTED] xxx")
	assert.NotContains(t, err.Error(), "secret")
	assert.Less(t, len(err.Error()), 400)
	assert.Equal(t, "header-secret", r.headers[0].Get("X-Token"), "and yet it is sent")
}

func TestPoster_path(t *testing.T) {
	r := listen(t)
	for _, endpoint := range []string{"", "/", "/prefix", "/prefix/", "/prefix/api/v2/alerts"} {
		require.NoError(t, newPosterForTest(t, r.URL+endpoint, "/api/v2/alerts").post(t.Context(), nil))
	}
	assert.Equal(t, map[string]int{"/api/v2/alerts": 2, "/prefix/api/v2/alerts": 3}, r.paths)
}

// authenticator is an extension that authenticates clients.
type authenticator struct {
	component.StartFunc
	component.ShutdownFunc
}

func (authenticator) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("Authorization", "Bearer from-extension")
		return base.RoundTrip(r)
	}), nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TLS, authentication by an extension and proxies are those of every HTTP client
// of the Collector.
func TestPoster_isAClientOfTheCollector(t *testing.T) {
	newWith := func(cfg confighttp.ClientConfig) (*poster, error) {
		extensions := host{component.MustNewID("bearertokenauth"): authenticator{}}
		return newPoster(t.Context(), &cfg, "", "application/json", nil, extensions, componenttest.NewNopTelemetrySettings(), component.NewDefaultBuildInfo())
	}
	proxy := listen(t)
	cfg := client("http://alertmanager.invalid/x")
	cfg.ProxyURL = proxy.URL
	cfg.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("bearertokenauth")})
	p, err := newWith(cfg)
	require.NoError(t, err)
	require.NoError(t, p.post(t.Context(), nil))
	assert.Equal(t, "Bearer from-extension", proxy.headers[0].Get("Authorization"))

	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer secure.Close()
	cfg = client(secure.URL)
	p, err = newWith(cfg)
	require.NoError(t, err)
	require.ErrorContains(t, p.post(t.Context(), nil), "certificate")
	cfg.TLS.CAPem = configopaque.String(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	p, err = newWith(cfg)
	require.NoError(t, err)
	require.NoError(t, p.post(t.Context(), nil))

	cfg.ProxyURL = "://user:proxy-secret@proxy"
	_, err = newWith(cfg)
	require.ErrorContains(t, err, "HTTP client")
	assert.NotContains(t, err.Error(), "secret")
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": -7 * time.Second, "soon": 0,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": -5 * time.Second,
		"99999": maxRetryAfter, "Sat, 03 Jan 2026 03:04:35 GMT": maxRetryAfter,
	} {
		assert.Equal(t, want, retryAfter(header, now), header)
	}
}

// The delay that is asked for reaches the retries of the exporter, which know it
// by its text only.
func TestPoster_passesTheDelayOn(t *testing.T) {
	r := listen(t)
	p := newPosterForTest(t, r.URL, "")
	for header, want := range map[string]bool{"7": true, "-7": false, "": false} {
		r.answers(http.StatusTooManyRequests, map[string]string{"Retry-After": header}, "")
		assert.Equal(t, want, strings.Contains(p.post(t.Context(), nil).Error(), "Throttle (7s)"), header)
	}
}

func TestClip(t *testing.T) {
	assert.Equal(t, "short", clip("short", 5))
	assert.Equal(t, "lo...", clip("longer", 5))
	assert.Equal(t, "ééééé", clip("ééééé", 5), "characters, not bytes")
	assert.Equal(t, "éé...", clip("éééééé", 5))
}

func TestJoined_whatCanBeTriedAgainIs(t *testing.T) {
	again, never := errors.New("again"), consumererror.NewPermanent(errors.New("never"))
	require.NoError(t, joined([]error{nil, nil}))
	assert.True(t, consumererror.IsPermanent(joined([]error{never, nil})))
	err := joined([]error{never, again, nil})
	require.ErrorIs(t, err, again)
	assert.False(t, consumererror.IsPermanent(err))
}
