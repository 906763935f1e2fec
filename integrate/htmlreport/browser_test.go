package htmlreport_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	update = flag.Bool("update", false, "write the golden files, and the example of examples/guide")
	shots  = flag.String("shots", "", "a folder for pictures of all pages, for a person to look at")
)

// A browser is a Chromium with one tab.
type browser struct {
	ctx context.Context
	dir string

	mu    sync.Mutex
	heard []string // requests, and what the console says
}

// newBrowser starts Chromium. The machine may be busy with other things, so it has time.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if live := os.Getenv("CEPHSTACK_LIVE"); err != nil || live == "0" {
		if live == "1" {
			t.Fatal("chromium is not installed: apt-get install chromium")
		}
		t.Skip("this needs chromium, and CEPHSTACK_LIVE not to be 0")
	}
	b := &browser{dir: t.TempDir()}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(b.dir, "profile")), chromedp.WSURLReadTimeout(3*time.Minute),
		chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Listen(b.ctx, b.hear))
	call(t, b, network.Enable, network.EnableParams{})
	call(t, b, log.Enable, cdp.Empty{})
	call(t, b, runtime.Enable, cdp.Empty{})
	return b
}

// call gives Chromium a command of its protocol.
func call[P, R any](t *testing.T, b *browser, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	require.NoError(t, err, command.Method)
	return result
}

// do carries out an action on the page.
func do[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	result, err := chromedp.Run(b.ctx, action)
	require.NoError(t, err)
	return result
}

// hear keeps what a page must not do: ask for anything, and say anything to the console.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file://"+b.dir) && e.Request.URL != "data:," {
			b.heard = append(b.heard, "request: "+e.Request.URL)
		}
	case *log.EventEntryAdded:
		b.heard = append(b.heard, "log: "+e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		b.heard = append(b.heard, "console: "+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.heard = append(b.heard, "exception: "+e.ExceptionDetails.Text)
	}
}

// open shows a page, and forgets what was heard before.
func (b *browser) open(t *testing.T, name, html string) {
	t.Helper()
	file := filepath.Join(b.dir, name+".html")
	require.NoError(t, os.WriteFile(file, []byte(html), 0o600))
	b.mu.Lock()
	b.heard = nil
	b.mu.Unlock()
	do(t, b, chromedp.Navigate("file://"+file))
}

// said is what was heard since the page was opened.
func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.heard)
}

// look sets how wide the window is, which colors the reader likes, and whether the page is printed.
func (b *browser) look(t *testing.T, width int, colors, media string) {
	t.Helper()
	call(t, b, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: int64(width), Height: 900, DeviceScaleFactor: 1})
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colors},
			{Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// shot is a picture of the whole page, of at most most pixels in height.
func (b *browser) shot(t *testing.T, most float64) []byte {
	t.Helper()
	size := do(t, b, chromedp.Evaluate[[]float64](`[innerWidth, document.documentElement.scrollHeight]`))
	beyond := true
	clip := &page.Viewport{Width: size[0], Height: min(size[1], most), Scale: 1}
	png := call(t, b, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond, Clip: clip})
	return png.Data
}

// TestBrowser opens pages in Chromium: nothing is asked for, nothing is said to the console, every text can be read in
// light and in dark, no page is wider than a phone, what is folded is printed, and the keyboard opens each change.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	audit, err := os.ReadFile("testdata/audit.js")
	require.NoError(t, err)
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			b.open(t, s.name, s.page(t))
			for i, width := range []int{390, 1440, 390, 1440} {
				colors := []string{"light", "dark", "dark", "light"}[i]
				if i < 2 || *shots != "" { // no color depends on the width
					b.look(t, width, colors, "screen")
					b.audit(t, string(audit), colors)
					b.keep(t, s.name+"-"+colors, width)
				}
			}
			b.look(t, 800, "light", "print")
			b.audit(t, string(audit), "print")
			b.keep(t, s.name+"-print", 800)
			assert.NotEqual(t, "owned", do(t, b, chromedp.Title()))
			assert.Empty(t, b.said())
		})
	}
	i := slices.IndexFunc(samples(t), func(s sample) bool { return s.name == "quickstart-plan" })
	t.Run("keyboard", func(t *testing.T) { b.keyboard(t, samples(t)[i]) })
}

func (b *browser) audit(t *testing.T, script, how string) {
	t.Helper()
	assert.Empty(t, do(t, b, chromedp.Evaluate[[]string](script)), how)
}

// keep writes a picture if somebody wants to look.
func (b *browser) keep(t *testing.T, name string, width int) {
	t.Helper()
	if *shots == "" {
		return
	}
	require.NoError(t, os.MkdirAll(*shots, 0o755))
	file := filepath.Join(*shots, name+"-"+map[int]string{390: "390", 1440: "1440", 800: "800"}[width]+".png")
	require.NoError(t, os.WriteFile(file, b.shot(t, 3600), 0o644))
}

// A focus is what has the focus of the keyboard.
type focus struct {
	Tag, Class, Text string
	Outline          float64
	Item, Open, Seen bool
}

// keyboard goes through the page of a plan with Tab, and opens each change with Enter.
func (b *browser) keyboard(t *testing.T, s sample) {
	b.open(t, "keyboard", s.page(t))
	b.look(t, 1440, "light", "screen")
	const where = `(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
		return {Tag: e.tagName, Class: e.className, Text: e.textContent.trim().slice(0, 60),
			Outline: parseFloat(s.outlineWidth),
			Item: e.tagName === "SUMMARY" && e.parentElement.matches(".item"),
			Open: !!e.parentElement && e.parentElement.open === true,
			Seen: r.bottom > 0 && r.top < innerHeight}; })()`
	opened, body := 0, false
	for range 400 {
		do(t, b, chromedp.KeyEvent(kb.Tab))
		at := do(t, b, chromedp.Evaluate[focus](where))
		if at.Tag == "BODY" || at.Class == "skip" && opened > 0 {
			body = true
			break
		}
		require.Truef(t, at.Seen, "%s %q has the focus, and is not seen", at.Tag, at.Text)
		require.GreaterOrEqual(t, at.Outline, 2.0, "%s %q does not show its focus", at.Tag, at.Text)
		if at.Item {
			do(t, b, chromedp.KeyEvent(kb.Enter))
			require.True(t, do(t, b, chromedp.Evaluate[focus](where)).Open, at.Text)
			opened++
		}
	}
	assert.True(t, body, "the keyboard does not leave the page")
	folded, _ := s.plan.Folded()
	assert.Equal(t, len(folded), opened)
}
