# make test, make lab-test and make demo install what they need (Debian, root).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
GO ?= go

# The lab's Debian: bookworm, trixie or sid.
SUITE ?= bookworm
export SUITE

DEPS = acl gcc libc6-dev pkg-config librados-dev librbd-dev libvirt-dev ceph-mon ceph-osd ceph-common \
	libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-block-extra openssh-server openssh-client \
	python3-oslo.config sudo gnupg openssl tmux fish tcsh zsh \
	bash-completion groff-base busybox dnf dnf-plugins-core rpm createrepo-c jq python3 chromium

BENCH_DEPS = openssh-server openssh-client ansible ansible-mitogen clustershell gcc libc6-dev

# The packages whose tests take longest come first. They wait for much, so that more of them run at once than there are
# processors.
PARALLEL = -p $$(($$(nproc) + 2))
FIRST = ./remote ./integrate ./ceph/cephcli ./openstack/api ./examples/internal/cli
TESTS = $(PARALLEL) $(FIRST) ./...

# In these packages, and in their tests, nothing runs beside something else: the race detector has nothing to find
# there, and makes them several times as slow. All of CALM runs in test-pure. What has live tests, too, is in CALM_LIVE.
# The laws hold both lists (TestWhatTheRaceDetectorDoesNotSee).
CALM = ceph/cephx ceph/internal/radoslock ceph/internal/words examples/guide/troubleshooting examples/internal/laws \
	integrate/explain integrate/internal/cause integrate/internal/fold integrate/internal/kind/cloud \
	integrate/internal/kind/cluster integrate/internal/place integrate/internal/rotation integrate/internal/want \
	integrate/schema integrate/spec/draft integrate/spec/reference libvirtsecret libvirtsecret/internal/words openstack \
	remote/helper remote/internal/words
CALM_LIVE = ceph examples/internal/manpages integrate/htmlreport integrate/internal/login integrate/internal/pubkey \
	integrate/internal/running integrate/internal/sshconfig integrate/spec openstack/osloconf remote/internal/knownhosts
RACED = $(PARALLEL) $(FIRST) \
	$$($(GO) list ./... | grep -vxF "$$(printf 'github.com/cephstack/cephstack/%s\n' $(CALM) $(CALM_LIVE))")

.PHONY: help deps vet test test-pure test-race faults mutants fuzz corpus supply lab lab-down lab-reset lab-test lab-soak
.PHONY: demo quickstart bench bench-quick differ man newer-ceph rotations

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

deps: ## install what the live tests need (Debian, root)
	@command -v $(GO) >/dev/null || { echo "make: Go 1.26 or newer is needed: install it from go.dev/dl and put it on PATH" >&2; exit 1; }
	@missing=$$(for p in $(DEPS); do dpkg-query -W -f '$${Status}\n' $$p 2>/dev/null | grep -q ' installed$$' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing" $$missing; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  log=$$(mktemp); \
	  { apt-get -qq update && \
	    apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $$missing; } >$$log 2>&1 || \
	    { cat $$log >&2; echo "make: the packages could not be installed; the lines above are those of apt-get" >&2; exit 1; }; \
	  rm -f $$log; \
	fi

vet:
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not formatted:" $$out >&2; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags librados ./examples/cephstack
	GOLANGCI_LINT_CACHE=$(CURDIR)/.cache $(GO) tool -modfile=.ci/lint/go.mod golangci-lint run ./...

test: deps vet test-pure test-race ## unit, conformance and live tests (root; installs what they need)

test-pure: ## without any C library and without live tests
	CGO_ENABLED=0 $(GO) build ./...
	CGO_ENABLED=0 CEPHSTACK_LIVE=0 $(GO) test $(TESTS)
	cd examples/downstream && CGO_ENABLED=0 $(GO) vet . && CGO_ENABLED=0 $(GO) test . # a module of its own

# Of tests with thousands of random cases this run takes a share (-short); test-pure takes all. What go vet finds does
# not depend on the race detector: vet and test-pure ask it.
test-race: ## with the race detector, and with the tests against real programs
	CEPHSTACK_LIVE=1 CGO_ENABLED=0 $(GO) test -vet=off -short $(PARALLEL) $(addprefix ./,$(CALM_LIVE))
	CEPHSTACK_LIVE=1 $(GO) test -race -vet=off -short -parallel 6 -timeout 20m $(RACED)
	@[ -n "$${CEPHSTACK_CEPH_ROOT:-}" ] || echo "NOT RUN: the tests against Ceph 20.2.4 (keys of type aes256k)." \
		"They need the root that 'make newer-ceph ROOT=...' builds from the network: CEPHSTACK_CEPH_ROOT=..."

differ: deps ## thousands of random ceph.conf, keyrings and rights, read by Ceph's programs and by ours, and compared
	CEPHSTACK_LIVE=1 CEPHSTACK_DIFFER=long CGO_ENABLED=0 $(GO) test -v -timeout 60m -run Differ ./ceph

faults: deps ## pull plugs: kill, cut, fail and flood at every step (CASE=kill or CASE=hostile/echo for some of it, SEED=n; root)
	@# The servers of the faults have a /root of their own, which hides the cache that "go run" may run a program from.
	@dir=$$(mktemp -d); trap "rm -r $$dir" EXIT; CGO_ENABLED=0 $(GO) build -o $$dir/faults ./examples/faults; \
	$$dir/faults $(if $(CASE),-case '$(CASE)') $(if $(SEED),-seed $(SEED)) $(FAULTS_FLAGS)

# On two processors it takes some minutes, and about a quarter of an hour with KILLS=all.
rotations: ## 12,000 rotations in a model, and some in memory that are killed at each change (KILLS=all: each step)
	CGO_ENABLED=0 $(GO) test -v -run TestRotations ./integrate/internal/rotation -rotations 12000
	CEPHSTACK_KILLS=$(or $(KILLS),changes) CGO_ENABLED=0 $(GO) test -v -timeout 3h -parallel $$((2 * $$(nproc))) -run Kill ./integrate/rotate

mutants: ## faults that somebody could make in the code, each of which the tests have to catch (MATCH=text: some of them)
	$(GO) run ./examples/internal/mutants $(if $(MATCH),-match '$(MATCH)')

supply: ## the program built twice and compared, the list of its parts, and known vulnerabilities
	.ci/supply/run

fuzz: ## each fuzz function for FUZZTIME (60s); FUZZ=ceph restricts it to those that match
	GO=$(GO) .ci/fuzz

newer-ceph: ## a root with the Ceph of Debian sid in ROOT, for the live tests that CEPHSTACK_CEPH_ROOT=ROOT runs (root)
	@.ci/newer-ceph $(if $(ROOT),$(ROOT),/var/tmp/cephstack-newer-ceph)

# The date of the pages is that of the commit, so that the same source gives the same pages.
man: ## the manual pages of the program, in a folder (DIR=/usr/local/share/man/man1)
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} CGO_ENABLED=0 $(GO) run ./examples/internal/manpages $(DIR)

corpus: ## keep, under testdata/fuzz, those inputs found by make fuzz that reach code that no other one does
	GO=$(GO) .ci/corpus

lab: ## bring a real Ceph and OpenStack up on this machine (SUITE=trixie or sid: newer ones)
	examples/lab/lab up

lab-down: ## stop it
	examples/lab/lab down

lab-reset: ## back to the untouched cloud
	examples/lab/lab reset

# A reset does not depend on how the hosts were left; without a snapshot there is
# nothing to reset to. A service that hangs while a host boots is worth one more try.
lab-test: ## the main job, kills and brownfields on the lab; or VARIANT=rotate|rotate-ways|day-two|brownfield|bare-hosts|helper|multi-cluster|ha|kolla (SUITE=trixie)
	examples/lab/lab reset || examples/lab/lab up || examples/lab/lab reset
	CGO_ENABLED=0 $(GO) run ./examples/lab/labtest test $(VARIANT)

lab-soak: ## 200 converges of the lab with kills and hand edits in between (SOAK=20 for 20; up to two hours)
	@$(MAKE) --no-print-directory lab-test VARIANT=soak

quickstart: ## plan, apply and verify against in-process fakes
	CGO_ENABLED=0 $(GO) run ./examples/quickstart

demo: ## the main job on a real cloud, or the quickstart where the lab cannot be
	@command -v $(GO) >/dev/null || { echo "make: Go 1.26 or newer is needed: install it from go.dev/dl and put it on PATH" >&2; exit 1; }
	@if examples/lab/lab check; then \
	  $(MAKE) --no-print-directory lab lab-reset && CGO_ENABLED=0 $(GO) run ./examples/lab/labtest demo; \
	else \
	  echo '==================================================================='; \
	  echo ' This machine cannot host the lab, for the reasons above.'; \
	  echo ' What follows is the QUICKSTART: a simulated cloud, nothing is real.'; \
	  echo '==================================================================='; \
	  $(MAKE) --no-print-directory quickstart; \
	fi

bench bench-quick: DEPS = $(BENCH_DEPS)

# Most of its time is Ansible's. An interrupted run keeps the rows that it has.
bench: deps ## against Ansible, Mitogen and clush, on a real sshd (root; installs what it needs; one to three hours)
	CGO_ENABLED=0 $(GO) run ./examples/bench -n 1,10,100,1000 -memory 100,1000,10000 -out examples/bench/results.json -plot examples/bench/plot.svg $(BENCH_FLAGS)

bench-quick: deps ## the same with 1 and 10 hosts, once each (minutes)
	CGO_ENABLED=0 $(GO) run ./examples/bench -n 1,10 -rtt-n 1 -scenarios first,noop -runs 1 -memory 100 -out /tmp/cephstack-bench-quick.json
