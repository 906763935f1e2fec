package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// A Config says how to reach a cloud's APIs. What is empty comes from clouds.yaml
// or from OS_* variables, which are read as other OpenStack clients read them.
type Config struct {
	Cloud      string // entry of clouds.yaml
	CloudsFile string // path of clouds.yaml; found in the usual places when empty
	Region     string
	Poll       time.Duration // pause between looks at a status; 2 s when 0
	Timeout    time.Duration // for one call without image data; 60 s when 0
}

// A Cloud is an OpenStack cloud that is reached through its APIs. The account is
// an administrator's: it sees the objects of all projects.
type Cloud struct {
	// Functions, so that no way of printing a Cloud shows what they give.
	provider               func() *gophercloud.ProviderClient
	secrets                func() redactor
	image, volume, compute service
	placement              service // nil where the catalog has none
	poll, timeout          time.Duration
	warnings               []Warning
	clocks                 *clocks
}

// novaVersion is the version of Nova's API that is asked for. Nova knows it since
// Pike. It has block_migration "auto" (2.25), servers without networks (2.37), the
// image's ID in the answer to a snapshot (2.45) and a server's own copy of its
// flavor (2.47).
const novaVersion = "2.53"

// Dial logs in and finds the endpoints of the image, volume and compute services.
// When the token ends, the Cloud logs in again. The error of a login that failed is
// an *Error with the warnings that the Cloud would have.
func Dial(ctx context.Context, cfg Config) (*Cloud, error) {
	login, err := credentials(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, cfg, login, transport(login.tls))
	if err != nil {
		if e := (*Error)(nil); errors.As(err, &e) {
			e.Warnings = login.warnings
		}
		return nil, err
	}
	return c, nil
}

// dial logs in over a transport.
func dial(ctx context.Context, cfg Config, login login, over http.RoundTripper) (*Cloud, error) {
	secrets := redactor{login.auth.Password, login.auth.ApplicationCredentialSecret, login.auth.TokenID}
	provider, err := openstack.NewClient(login.auth.IdentityEndpoint)
	if err != nil {
		return nil, &Error{Op: "dial", Object: login.auth.IdentityEndpoint, Detail: "not an identity URL"}
	}
	c := &Cloud{poll: cfg.Poll, timeout: cfg.Timeout, secrets: func() redactor { return secrets },
		provider: func() *gophercloud.ProviderClient { return provider }, warnings: login.warnings,
		clocks: &clocks{told: map[string]reading{}}}
	if c.poll <= 0 {
		c.poll = 2 * time.Second
	}
	if c.timeout <= 0 {
		c.timeout = time.Minute
	}
	at := call{op: "dial", object: login.auth.IdentityEndpoint}
	provider.HTTPClient = http.Client{CheckRedirect: follow,
		Transport: sending{bounds{dating{sizes{over}, c.clocks}, c.timeout}}}
	provider.RetryFunc = func(ctx context.Context, method, url string, _ *gophercloud.RequestOpts, err error,
		failures uint) error {
		return attempt{method, url, failures}.retry(ctx, err)
	}
	provider.UserAgent.Prepend("cephstack")
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := openstack.AuthenticateV3(bounded, provider, &login.auth, gophercloud.EndpointOpts{}); err != nil {
		return nil, c.problem(ctx, at, nil, err)
	}
	return c, c.endpoints(at, login)
}

// endpoints takes the services' URLs from the catalog that came with the
// token, without asking each service for its versions.
func (c *Cloud) endpoints(at call, l login) error {
	result, ok := c.provider().GetAuthResult().(interface {
		ExtractServiceCatalog() (*tokens.ServiceCatalog, error)
		ExtractProject() (*tokens.Project, error)
	})
	if !ok {
		return &Error{Op: at.op, Object: at.object, Detail: "no catalog came with the token"}
	}
	catalog, err := result.ExtractServiceCatalog()
	if err != nil {
		return &Error{Op: at.op, Object: at.object, Detail: "the catalog cannot be read", Err: c.quiet(err)}
	}
	project := ""
	if p, err := result.ExtractProject(); err == nil && p != nil {
		project = "/" + p.ID
	}
	for _, s := range []struct {
		to       *service
		kind     string
		types    []string
		marker   string // part of the path of a versioned URL
		addition string
	}{
		{&c.image, "image", []string{"image"}, "/v2", "/v2"},
		{&c.volume, "volume", []string{"volumev3", "block-storage", "volume"}, "/v3", "/v3" + project},
		{&c.compute, "compute", []string{"compute"}, "/v2", "/v2.1"},
		{&c.placement, "placement", []string{"placement"}, "", ""},
	} {
		url := find(catalog, s.types, l.where)
		if url == "" && s.kind == "placement" {
			continue // only Room needs it
		}
		if url == "" {
			return &Error{Op: at.op, Object: at.object, Detail: "the catalog has no " + string(l.where.Availability) +
				" endpoint for " + s.kind + " in region " + quoted(l.where.Region)}
		}
		c.warnings = append(c.warnings, plain(url, "the endpoint of the catalog for "+s.kind, "the token",
			"Give the service TLS, or set the interface of clouds.yaml to endpoints that have it")...)
		if !strings.Contains(url, s.marker) {
			url += s.addition
		}
		client := &gophercloud.ServiceClient{ProviderClient: c.provider(), Endpoint: url + "/", Type: s.kind}
		if s.kind == "compute" {
			client.Microversion = novaVersion
		}
		*s.to = func() *gophercloud.ServiceClient { return client }
	}
	return nil
}

// find gives the URL of the first endpoint that fits, without a slash at the end.
// Types that come first are preferred.
func find(catalog *tokens.ServiceCatalog, types []string, where gophercloud.EndpointOpts) string {
	for _, kind := range types {
		for _, entry := range catalog.Entries {
			for _, e := range entry.Endpoints {
				here := where.Region == "" || where.Region == e.Region || where.Region == e.RegionID
				if entry.Type == kind && here && e.Interface == string(where.Availability) {
					return strings.TrimRight(e.URL, "/")
				}
			}
		}
	}
	return ""
}

func quoted(region string) string {
	if region == "" {
		return "any"
	}
	return region
}
