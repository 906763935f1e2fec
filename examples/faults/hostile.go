//go:build linux && amd64

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A hostile is a host on whose sshd another program runs than the one that was asked for.
type hostile struct {
	name string
	// mute hosts never say that the program runs: no secret may be sent to them.
	mute bool
	act  func(*guest)
}

// A guest is the program of a hostile host, as its sshd starts it.
type guest struct {
	name    string
	mark    string // of the request
	request io.Reader
	out     *bufio.Writer
	said    *os.File // the first mostSaid bytes that the client may hear
	clean   *os.File // what it said before it spoilt anything
	size    int
}

// mostSaid is how much of what a host says is kept.
const mostSaid = 64 << 10

// mutants is how many hosts run the real program and spoil its answer, each in another way.
const mutants = 60

func hostiles() []hostile {
	all := slices.Concat(muteHosts(), talkingHosts(), floodingHosts())
	for n := range mutants {
		all = append(all, hostile{name: "spoilt-" + strconv.Itoa(n), act: func(g *guest) { g.spoil(uint64(n)) }})
	}
	return all
}

// muteHosts do not run the program.
func muteHosts() []hostile {
	endless := func(text string) func(*guest) {
		return func(g *guest) {
			for g.say(text) == nil {
			}
		}
	}
	slow := func(text string) func(*guest) {
		return func(g *guest) {
			for g.say(text) == nil {
				time.Sleep(time.Second)
			}
		}
	}
	return []hostile{
		{"echo", true, func(g *guest) { _, _ = io.Copy(g.now(), g.request) }},
		{"menu", true, func(g *guest) {
			line, _ := bufio.NewReader(g.request).ReadString('\n')
			_ = g.say("invalid choice: " + line)
			os.Exit(1)
		}},
		{"swallow", true, func(g *guest) { _, _ = io.Copy(io.Discard, g.request); select {} }},
		{"silence", true, func(*guest) { time.Sleep(time.Hour) }},
		{"gone", true, func(*guest) { os.Exit(0) }},
		{"gone-255", true, func(*guest) { os.Exit(255) }},
		{"lines", true, endless("please wait\n")},
		{"line", true, endless(strings.Repeat("x", 4096))},
		{"zeros", true, endless(strings.Repeat("\x00", 4096))},
		{"slow-lines", true, slow("waiting\n")},
		{"slow-bytes", true, slow("x")},
		{"slow-mark", true, func(g *guest) {
			for _, c := range "\n" + g.mark + " hell" {
				_ = g.say(string(c))
				time.Sleep(time.Second)
			}
			time.Sleep(time.Hour)
		}},
		{"wrong-mark", true, endless("\n" + strings.Repeat("0", 32) + " hello 2\n")},
		{"old-hello", true, func(g *guest) { _ = g.say("\n" + g.mark + " hello 1\n"); time.Sleep(time.Hour) }},
		{"errors", true, func(*guest) {
			for {
				if _, err := os.Stderr.WriteString(strings.Repeat("noise ", 1000) + "\n"); err != nil {
					return
				}
			}
		}},
		{"escapes", true, func(g *guest) {
			_ = g.say("\x1b[2J\x1b[H\x1b[32mall is well\x1b[8m\u202e\u2028\x9b31m\xff\xfe")
			os.Exit(3)
		}},
		{"sudo-says", true, func(*guest) {
			fmt.Fprintln(os.Stderr, "sudo: unable to resolve host x\n[sudo] password for root: ")
			time.Sleep(time.Hour)
		}},
	}
}

// after says that the program runs, and then some texts, once or without end.
func after(endless bool, texts ...string) func(*guest) {
	return func(g *guest) {
		err := g.say("\n" + g.mark + " hello 2\n")
		for first := true; err == nil && (first || endless); first = false {
			for _, text := range texts {
				if err == nil {
					err = g.say(strings.ReplaceAll(text, "MARK", g.mark))
				}
			}
		}
		go func() { _, _ = io.Copy(io.Discard, g.request) }()
		if err == nil {
			time.Sleep(time.Hour)
		}
	}
}

// talkingHosts say that the program runs, and then do not keep to the format.
func talkingHosts() []hostile {
	return []hostile{
		{"hello", false, after(false)},
		{"hellos", false, after(true, "MARK hello 2\n")},
		{"bye", false, after(false, "MARK bye\n")},
		{"byes", false, after(true, "MARK bye\n")},
		{"beats", false, after(true, "MARK beat\n")},
		{"noise", false, after(true, "what is this\n")},
		{"line-after", false, after(true, strings.Repeat("y", 4096))},
		{"op-9", false, after(false, "MARK op 9\n")},
		{"op-minus", false, after(false, "MARK op -1\n")},
		{"op-huge", false, after(false, "MARK op 99999999999999999999999\n")},
		{"done", false, after(false, "MARK done 0\n")},
		{"fact", false, after(false, "MARK op 0\n", "MARK stat "+strings.Repeat("9", 100<<10)+"\n", "MARK done 0\n")},
	}
}

// floodingHosts say that the program runs, and then more than anybody asked for.
func floodingHosts() []hostile {
	end := strings.Repeat("e", 40)
	return []hostile{
		{"facts", false, func(g *guest) {
			_ = g.say("\n" + g.mark + " hello 2\n" + g.mark + " op 0\n")
			for n := 0; g.say(g.mark+" fact"+strconv.Itoa(n)+" "+strings.Repeat("f", 500)+"\n") == nil; n++ {
			}
		}},
		{"raw", false, func(g *guest) {
			_ = g.say("\n" + g.mark + " hello 2\n" + g.mark + " op 0\n" + g.mark + " raw out " + end + "\n")
			for g.say(strings.Repeat("r", 4096)+"\n") == nil {
			}
		}},
		{"raw-size", false, after(false, "MARK op 0\n", "MARK raw out "+end+" 99999999999\n")},
		{"raw-end", false, after(false, "MARK op 0\n", "MARK raw out e 3\n", "abc\ne\n")},
		{"raws", false, func(g *guest) {
			_ = g.say("\n" + g.mark + " hello 2\n" + g.mark + " op 0\n")
			rest := " " + end + "\n" + strings.Repeat("r", 60_000) + "\n" + end + "\n"
			for n := 0; g.say(g.mark+" raw d"+strconv.Itoa(n)+rest) == nil; n++ {
			}
		}},
		{"slow-after", false, func(g *guest) {
			_ = g.say("\n" + g.mark + " hello 2\n" + g.mark + " op 0\n" + g.mark + " raw out " + end + "\n")
			for g.say("x") == nil {
				time.Sleep(time.Second)
			}
		}},
		{"errors-after", false, func(g *guest) {
			_ = g.say("\n" + g.mark + " hello 2\n")
			for {
				if _, err := os.Stderr.WriteString(strings.Repeat("noise ", 1000)); err != nil {
					return
				}
			}
		}},
		{"escapes-after", false, after(false, "MARK op 0\n", "MARK err sys "+escapes+"\n", "MARK done 0\n", "MARK op 1\n",
			"MARK err sys "+escapes+"\n", "MARK done 1\n", "MARK bye\n")},
	}
}

// escapes is, in base64, a text that clears a terminal and writes in green.
const escapes = "G1sySh1bSBtbMzJtYWxsIGlzIHdlbGzigK7igKjCmzMxbf/+"

// say writes at once. What is kept is kept before the client may hear it.
func (g *guest) say(text string) error {
	var err error
	if g.size < mostSaid {
		_, err = g.said.WriteString(text)
		g.size += len(text)
	}
	if err == nil {
		_, err = g.out.WriteString(text)
	}
	if err == nil {
		err = g.out.Flush()
	}
	return err
}

func (g *guest) now() io.Writer { return sayer{g} }

type sayer struct{ g *guest }

func (s sayer) Write(b []byte) (int, error) { return len(b), s.g.say(string(b)) }

// spoil runs the real program, and changes its answer.
func (g *guest) spoil(seed uint64) {
	cmd := exec.Command("/bin/sh", "-c", os.Getenv("SSH_ORIGINAL_COMMAND"))
	cmd.Stdin, cmd.Env = g.request, append(os.Environ(), markOf(g.name))
	out, err := cmd.StdoutPipe()
	if err != nil || cmd.Start() != nil {
		os.Exit(1)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	at := r.IntN(600)
	b := make([]byte, 1)
	for n := 0; ; n++ {
		if _, err := out.Read(b); err != nil {
			break
		}
		text := string(b)
		if n == at || n > at && r.IntN(200) == 0 {
			switch r.IntN(6) {
			case 0:
				text = string([]byte{b[0] ^ byte(1<<r.IntN(8))})
			case 1:
				text = ""
			case 2:
				text += text
			case 3:
				text += "\n"
			case 4:
				text += strings.Repeat("\x00", r.IntN(300))
			case 5:
				if r.IntN(4) == 0 {
					os.Exit(r.IntN(256))
				}
			}
		}
		if n < at {
			_, _ = g.clean.WriteString(text)
		}
		if g.say(text) != nil {
			break
		}
	}
	_, _ = io.Copy(io.Discard, out)                  // so that the program ends
	time.Sleep(time.Duration(r.IntN(2)) * time.Hour) // some hosts close, and others do not
}

// beHostile is what a hostile host's sshd starts. It keeps what it is sent.
func beHostile(name, log string) error {
	all := hostiles()
	at := slices.IndexFunc(all, func(h hostile) bool { return h.name == name })
	if at < 0 {
		return fmt.Errorf("no hostile host %q", name)
	}
	g := &guest{name: name, out: bufio.NewWriter(os.Stdout)}
	var kept *os.File
	for _, k := range []struct {
		file **os.File
		end  string
	}{{&kept, ""}, {&g.said, saidEnd}, {&g.clean, cleanEnd}} {
		var err error
		if *k.file, err = os.OpenFile(log+k.end, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	command := []byte(os.Getenv("SSH_ORIGINAL_COMMAND"))
	if _, err := kept.Write(command); err != nil {
		return err
	}
	g.request = io.TeeReader(os.Stdin, kept)
	mark := regexp.MustCompile(`cephstack 2 ([0-9a-f]{32})`)
	if m := mark.FindSubmatch(command); m != nil {
		g.mark = string(m[1])
	} else if !all[at].mute {
		read := bufio.NewReader(g.request)
		line, _ := read.ReadBytes('\n')
		if m := mark.FindSubmatch(line); m != nil {
			g.mark = string(m[1])
		}
		g.request = io.MultiReader(bytes.NewReader(line), read)
	}
	all[at].act(g)
	return nil
}
