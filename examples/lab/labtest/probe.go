package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// A reader asks the APIs as a program does that tries nothing twice.
type reader struct {
	http  http.Client
	token string
	urls  map[string]string // of the services' public endpoints, by type
}

// newReader logs in with what clouds.yaml says of the cloud lab.
func newReader(ctx context.Context, cloudsFile string) (*reader, error) {
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				URL      string `yaml:"auth_url"`
				User     string `yaml:"username"`
				Password string
				Project  string `yaml:"project_name"`
			}
		}
	}
	data, err := os.ReadFile(cloudsFile)
	if err == nil {
		err = yaml.Unmarshal(data, &file)
	}
	if err != nil {
		return nil, err
	}
	auth := file.Clouds["lab"].Auth
	domain := map[string]string{"name": "Default"}
	body, err := json.Marshal(map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
			"user": map[string]any{"name": auth.User, "domain": domain, "password": auth.Password}}},
		"scope": map[string]any{"project": map[string]any{"name": auth.Project, "domain": domain}}}})
	if err != nil {
		return nil, err
	}
	r := &reader{urls: map[string]string{}, http: http.Client{Timeout: time.Minute,
		Transport: &http.Transport{DisableKeepAlives: true}}}
	return r, r.login(ctx, auth.URL, body)
}

// login takes a token, and what the catalog says.
func (r *reader) login(ctx context.Context, url string, body []byte) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/auth/tokens", bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	resp, err := r.http.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("log in: %s: %w", resp.Status, err)
	}
	for _, service := range answer.Token.Catalog {
		for _, at := range service.Endpoints {
			if at.Interface == "public" {
				r.urls[service.Type] = strings.TrimSuffix(at.URL, "/")
			}
		}
	}
	if r.token = resp.Header.Get("X-Subject-Token"); r.token == "" {
		return fmt.Errorf("log in: %s", resp.Status)
	}
	return nil
}

// get reads a path of a service; header are names and values in turn. What is not an answer of the 200s is an error.
func (r *reader) get(ctx context.Context, service, path string, header ...string) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.urls[service]+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	q.Header.Set("X-Auth-Token", r.token)
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	resp, err := r.http.Do(q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = errors.New(resp.Status)
	}
	return data, err
}

// An apiRead is done again and again.
type apiRead struct {
	name string
	do   func(context.Context) error
}

// A tally is what became of one of the reads.
type tally struct {
	name    string
	count   int
	failed  []string // what was said, with the time
	longest time.Duration
}

// A probe does each of its reads once in a while until it is ended.
type probe struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	all    []*tally
}

func startProbe(ctx context.Context, every time.Duration, reads []apiRead) *probe {
	ctx, cancel := context.WithCancel(ctx)
	p := &probe{cancel: cancel}
	for _, r := range reads {
		t := &tally{name: r.name}
		p.all = append(p.all, t)
		p.wait.Go(func() { t.run(ctx, every, r.do) })
	}
	return p
}

func (t *tally) run(ctx context.Context, every time.Duration, read func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		began := time.Now()
		err := read(ctx)
		if ctx.Err() != nil { // ended meanwhile
			return
		}
		t.count, t.longest = t.count+1, max(t.longest, time.Since(began))
		if err != nil {
			t.failed = append(t.failed, fmt.Sprintf("%s at %s after %s: %v", t.name, began.Format(time.TimeOnly),
				time.Since(began).Round(time.Millisecond), err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// end stops the reads and says what became of them. One that failed is an error.
func (p *probe) end() (string, error) {
	p.cancel()
	p.wait.Wait()
	var words, failed []string
	count := 0
	for _, t := range p.all {
		count += t.count
		failed = append(failed, t.failed...)
		words = append(words, fmt.Sprintf("%s %d, longest %.1f s", t.name, t.count, t.longest.Seconds()))
	}
	text := fmt.Sprintf("%d reads, %d failed (%s)", count, len(failed), strings.Join(words, "; "))
	switch {
	case len(failed) > 0:
		return "", fmt.Errorf("%s: %s", text, strings.Join(failed, "; "))
	case count == 0:
		return "", errors.New(text)
	}
	return text, nil
}

// reads are those of images and of volumes that were there before.
func (l *lab) reads(r *reader) []apiRead {
	image, volume := l.before.Image.ID, l.before.Volume.ID
	lists := func(service, path, id string) func(context.Context) error {
		return func(ctx context.Context) error {
			data, err := r.get(ctx, service, path)
			if err == nil && !bytes.Contains(data, []byte(id)) {
				err = fmt.Errorf("%s is not in the answer", id)
			}
			return err
		}
	}
	const part = 64 << 10
	var first [sha256.Size]byte
	data := func(ctx context.Context) error {
		got, err := r.get(ctx, "image", "/v2/images/"+image+"/file", "Range", fmt.Sprintf("bytes=0-%d", part-1))
		sum := sha256.Sum256(got)
		switch {
		case err != nil:
			return err
		case len(got) != part:
			return fmt.Errorf("%d bytes in place of %d", len(got), part)
		case first == [sha256.Size]byte{}:
			first = sum
		case sum != first:
			return errors.New("other bytes than before")
		}
		return nil
	}
	return []apiRead{
		{"list of images", lists("image", "/v2/images", image)},
		{"image", lists("image", "/v2/images/"+image, image)},
		{"data of the image", data},
		{"list of volumes", lists("volumev3", "/volumes/detail", volume)},
		{"volume", lists("volumev3", "/volumes/"+volume, volume)},
	}
}
