package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"

	"github.com/cephstack/cephstack"
)

// A login is what is needed to authenticate and to choose endpoints.
type login struct {
	auth     gophercloud.AuthOptions
	where    gophercloud.EndpointOpts
	tls      *tls.Config
	warnings []Warning
}

// credentials reads clouds.yaml when a cloud is named, in cfg or in OS_CLOUD,
// and OS_* variables otherwise.
func credentials(ctx context.Context, cfg Config) (login, error) {
	var l login
	var err error
	if cfg.Cloud == "" {
		cfg.Cloud = os.Getenv("OS_CLOUD")
	}
	switch {
	case cfg.Cloud != "":
		l, err = fromFile(ctx, cfg)
	case cfg.CloudsFile != "":
		err = errors.New("openstack API: Config.CloudsFile is set and Config.Cloud is not: name a cloud of the file")
	default:
		l, err = fromEnvironment()
	}
	if err != nil {
		return login{}, err
	}
	if cfg.Region != "" {
		l.where.Region = cfg.Region
	}
	if l.auth.IdentityEndpoint == "" {
		return login{}, fmt.Errorf("openstack API: cloud %q has no auth_url", cfg.Cloud)
	}
	l.warnings = append(l.warnings, plain(l.auth.IdentityEndpoint, "auth_url", "the password and the token",
		"Give the identity service TLS, and let auth_url begin with https://")...)
	// clouds.Parse drops allow_reauth. A token cannot be used to log in again.
	l.auth.AllowReauth = l.auth.TokenID == ""
	return l, nil
}

func fromFile(ctx context.Context, cfg Config) (login, error) {
	files, err := readLogin(ctx, cfg)
	if err != nil {
		return login{}, fmt.Errorf("openstack API: cloud %q: %w", cfg.Cloud, &fileError{err})
	}
	l, err := parsed(append(files.options, clouds.WithCloudName(cfg.Cloud)))
	if err != nil {
		return login{}, fmt.Errorf("openstack API: cloud %q: %s", cfg.Cloud, line(parseFault(err.Error())))
	}
	if l.tls != nil && l.tls.InsecureSkipVerify {
		l.warnings = append(l.warnings, unverified(first(cfg.CloudsFile, fileOf("clouds.yaml"))))
	}
	l.warnings = append(l.warnings, files.warnings...)
	return l, nil
}

// parsed reads a clouds file. The parser panics where a cloud has no section auth.
func parsed(options []clouds.ParseOption) (l login, err error) {
	defer func() {
		if recover() != nil {
			l, err = login{}, errors.New("its entry in clouds.yaml cannot be used: it needs a section auth with auth_url in it")
		}
	}()
	l.auth, l.where, l.tls, err = clouds.Parse(options...)
	return l, err
}

// parseFault is a fault of a clouds file without the text of the file: a YAML error quotes it, passwords included.
func parseFault(text string) string {
	i := strings.Index(text, "yaml:")
	switch {
	case i < 0:
		return text
	case strings.HasPrefix(text[i:], "yaml: unmarshal errors:"):
		return text[:i] + "a field of the file has a value of the wrong kind: verify takes true or false without quotes, " +
			"most others take text"
	}
	return text[:i] + "the file is not the YAML of a clouds file"
}

func fromEnvironment() (login, error) {
	auth, err := openstack.AuthOptionsFromEnv()
	var missing gophercloud.ErrMissingEnvironmentVariable
	domain := first(os.Getenv("OS_PROJECT_DOMAIN_ID"), os.Getenv("OS_DOMAIN_ID"))
	domainName := first(os.Getenv("OS_PROJECT_DOMAIN_NAME"), os.Getenv("OS_DOMAIN_NAME"))
	switch {
	case errors.As(err, &missing) && missing.EnvironmentVariable == "OS_PROJECT_ID":
		// gophercloud does not read the domains' own variables.
		auth = gophercloud.AuthOptions{IdentityEndpoint: os.Getenv("OS_AUTH_URL"), Username: os.Getenv("OS_USERNAME"),
			UserID: os.Getenv("OS_USERID"), Password: os.Getenv("OS_PASSWORD")}
	case err != nil:
		return login{}, fmt.Errorf("openstack API: no cloud is named, and the OS_* variables do not hold a login: %w", err)
	}
	if auth.UserID == "" && auth.ApplicationCredentialID == "" {
		auth.DomainID = first(os.Getenv("OS_USER_DOMAIN_ID"), auth.DomainID)
		auth.DomainName = first(os.Getenv("OS_USER_DOMAIN_NAME"), auth.DomainName)
		if auth.DomainID != "" {
			auth.DomainName = ""
		}
	}
	if name := os.Getenv("OS_PROJECT_NAME"); name != "" && auth.Scope == nil && auth.TenantID == "" &&
		auth.ApplicationCredentialID == "" {
		if domain != "" {
			domainName = ""
		}
		auth.TenantName = ""
		auth.Scope = &gophercloud.AuthScope{ProjectName: name, DomainID: domain, DomainName: domainName}
	}
	secure, err := certificates()
	if err != nil {
		return login{}, err
	}
	return login{auth: auth, tls: secure, where: gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME"),
		Availability: availability(os.Getenv("OS_INTERFACE"))}}, nil
}

func certificates() (*tls.Config, error) {
	name := os.Getenv("OS_CACERT")
	if name == "" {
		return nil, nil //nolint:nilnil // no settings is a TLS configuration too
	}
	pem, _, err := cephstack.ReadFile(name, maxLoginFile)
	if err != nil {
		return nil, fmt.Errorf("openstack API: OS_CACERT: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("openstack API: OS_CACERT: %s holds no certificate", name)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

func availability(endpoint string) gophercloud.Availability {
	switch strings.TrimSuffix(endpoint, "URL") {
	case "internal":
		return gophercloud.AvailabilityInternal
	case "admin":
		return gophercloud.AvailabilityAdmin
	}
	return gophercloud.AvailabilityPublic
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
