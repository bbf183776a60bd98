package incidentexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

const (
	// maxAnswer bounds what is read of an answer, and maxExcerpt what is repeated of it.
	maxAnswer  = 64 << 10
	maxExcerpt = 300
	// maxRetryAfter bounds how long a destination may ask to be left alone.
	maxRetryAfter = time.Hour
)

// poster posts bodies to one URL. Its errors name the host only, since a URL, and
// what a destination says, may hold what is secret.
type poster struct {
	client      *http.Client
	url         string
	host        string
	contentType string
	userAgent   string
	secrets     []string
}

// newPoster returns a poster to cfg's endpoint, joined with path.
func newPoster(ctx context.Context, cfg *confighttp.ClientConfig, path, contentType string, secrets []string, host component.Host, set component.TelemetrySettings, build component.BuildInfo) (*poster, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, errors.New("endpoint is no URL")
	}
	client, err := cfg.ToClient(ctx, host.GetExtensions(), set)
	if err != nil {
		return nil, fmt.Errorf("HTTP client: %w", bare(err))
	}
	// A redirected POST would become a GET, or take its headers, which may be secret,
	// to somebody else.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, v := range cfg.Headers.Iter {
		secrets = append(secrets, string(v))
	}
	if path != "" && !strings.HasSuffix(u.Path, path) {
		u = u.JoinPath(path)
	}
	return &poster{
		client: client, url: u.String(), host: u.Host, contentType: contentType,
		userAgent: build.Command + "/" + build.Version, secrets: secrets,
	}, nil
}

// post delivers body. Its error is permanent where trying again would not help; a
// delay that the destination asks for is passed on.
func (p *poster) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("post to %s: the request cannot be made", p.host))
	}
	req.Header.Set("Content-Type", p.contentType)
	req.Header.Set("User-Agent", p.userAgent)
	resp, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("post to %s: %w", p.host, bare(err))
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // an answer that breaks off is still an answer
	if resp.StatusCode/100 == 2 {
		return nil
	}
	failure := fmt.Errorf("post to %s: %s%s", p.host, resp.Status, p.excerpt(answer))
	if !retryable(resp.StatusCode) {
		return consumererror.NewPermanent(failure)
	}
	if delay := retryAfter(resp.Header.Get("Retry-After"), time.Now()); delay > 0 {
		return exporterhelper.NewThrottleRetry(failure, delay)
	}
	return failure
}

// bare is err without the URL that those of net/http and net/url repeat.
func bare(err error) error {
	if outer := new(url.Error); errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// retryable reports whether the same request may be taken later.
func retryable(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if date, err := http.ParseTime(header); err == nil {
		return min(date.Sub(now), maxRetryAfter)
	}
	return 0
}

// excerpt is the beginning of an answer as part of a line of a log.
func (p *poster) excerpt(answer []byte) string {
	s := string(answer)
	for _, secret := range p.secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[REDACTED]")
		}
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
	if s == "" {
		return ""
	}
	return ": " + clip(s, maxExcerpt)
}

// clip returns s, or as much of it as n runes hold.
func clip(s string, n int) string {
	const more = "..."
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-len(more)]) + more
}
