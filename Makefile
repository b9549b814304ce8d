# Builds, runs, tests and audits Daybook. It needs a JDK 21 or newer (bin/find-java looks for it), and for the
# tests Maven, which fetches JUnit; `make compat` says itself what else it needs. What is made lies in build/, what
# is fetched in .deps/, the broker's data in data/.

JUNIT_VERSION   := 1.11.4
JUNIT_SHA256    := b016ef6b1c3454d6d7c2c88ce081dabf289699686af6622d6e4e2e1b54b4a2fc
KAFKA_VERSION   := 4.3.1
KAFKAJS_VERSION := 2.2.4
# Nothing in the sources tells when a jar was made: every entry bears this time.
JAR_DATE        := 2026-01-01T00:00:00Z

JUNIT   := .deps/junit-platform-console-standalone-$(JUNIT_VERSION).jar
KAFKA   := .deps/kafka-$(KAFKA_VERSION)
KAFKAJS := .deps/kafkajs-$(KAFKAJS_VERSION)
NO_LOG  := -Dorg.slf4j.simpleLogger.defaultLogLevel=off
JDK      = $$(head -n 1 build/jdk)/bin
# Lints by name, for `all` grows with each JDK, and a newer one than ours must build this too.
LINTS   := cast,deprecation,divzero,empty,exports,fallthrough,finally,lossy-conversions,missing-explicit-ctor
LINTS   := $(LINTS),overrides,rawtypes,removal,static,synchronization,text-blocks,try,unchecked,varargs
JAVAC    = $(JDK)/javac --release 21 -encoding UTF-8 -proc:none -XDstringConcat=inline -Xlint:$(LINTS) -Werror
MAVEN   := mvn -q -B
SORTED  := LC_ALL=C sort

# Directories are among the prerequisites, so that a source which is deleted or renamed is noticed too.
MAIN    := $(shell find src/main -type d -o -type f)
# What needs Apache Kafka's libraries is compiled apart from the other tests.
APART   := src/test/java/daybook/compat src/test/java/daybook/bench
PRUNED  := $(APART:%=-path % -prune -o)
TESTS   := $(shell find src/test $(PRUNED) -type d -print -o -type f -print)
COMPAT  := $(shell find $(APART))
AUDIT   := $(filter-out %Test.java, $(wildcard src/test/java/daybook/tidy/*.java))

.PHONY: all run test clients compat torture bench audit clean help FORCE
.DELETE_ON_ERROR:
all: build/daybook.jar build/launcher.jar build/daybook.jsa ## build the jar and its archive of classes (the default)

run: all ## build, and run a broker on 127.0.0.1:9092 with its data in ./data
	@exec bin/daybook start conf/broker.properties

# The directory of the JDK found, for every other rule and for bin/daybook, and what the JDK says of itself; written
# again only when either has changed.
build/jdk: FORCE
	@mkdir -p build; jdk=$$(bin/find-java javac) || exit 1; \
	{ echo "$$jdk"; cat "$$jdk/release" 2>/dev/null; } >$@.found; \
	if cmp -s $@.found $@; then rm $@.found; else mv $@.found $@; fi

build/daybook.jar: build/jdk $(MAIN)
	@rm -rf build/classes; mkdir -p build/classes
	@echo 'javac --release 21 src/main/java'
	@$(JAVAC) -d build/classes $$(find src/main/java -name '*.java' | $(SORTED))
	@find build/classes -type f | $(SORTED) | sed 's,^build/classes/,-C build/classes ,' >build/entries
	@$(JDK)/jar --create --file $@ --date=$(JAR_DATE) --main-class daybook.Main @build/entries

# What bin/daybook has on its class path besides: it makes Daybook's log lines those of the whole process, which a
# library must not do to the programs that use it.
build/launcher.jar: build/jdk
	@rm -rf build/launcher; mkdir -p build/launcher/META-INF/services
	@echo daybook.LogLines >'build/launcher/META-INF/services/java.lang.System$$LoggerFinder'
	@$(JDK)/jar --create --no-manifest --file $@ --date=$(JAR_DATE) -C build/launcher META-INF

# The JVM maps the classes in this archive ready-made instead of loading them: all of the jar's, and those of the
# JDK's that a broker uses while it starts and stops, and that these commands use; from JDK 24 on also linked, which
# saves a third of the start and 7 MiB. Only the speed of the start depends on it: where it cannot be made it is left
# empty, and bin/daybook does without.
define TRAINING
help nothing
completion bash
topics create training --bootstrap=ADDRESS
produce training --compression=zstd --bootstrap=ADDRESS
consume training --exit --bootstrap=ADDRESS
consume training --group=training --exit --json --bootstrap=ADDRESS
topics describe training --bootstrap=ADDRESS
groups describe training --bootstrap=ADDRESS
configs describe topic training --bootstrap=ADDRESS
dump build/training/data
endef
export TRAINING
build/daybook.jsa: build/daybook.jar build/launcher.jar
	@rm -rf build/training; mkdir build/training; \
	limit=$$(command -v timeout) && limit="$$limit 30" || limit=; \
	train() { DAYBOOK_OPTS=-XX:DumpLoadedClassList=build/training/$$1.classes exec $$3 bin/daybook $$2; }; \
	(train broker 'start --listeners=PLAINTEXT://127.0.0.1:0 --log.dirs=build/training/data') \
	    >build/training/log 2>&1 & broker=$$!; \
	for tenth in $$(seq 100); do \
	    if grep -qsi ready build/training/log || ! kill -0 $$broker 2>/dev/null; then break; fi; sleep 0.1; \
	done; \
	address=$$(sed -n 's/^Daybook is ready on \([^,]*\),.*/\1/p' build/training/log); number=0; \
	echo "$$TRAINING" | while read -r words; do \
	    number=$$((number + 1)); \
	    words=$$(echo "$$words" | sed "s/ADDRESS/$$address/"); \
	    (train $$number "$$words" "$$limit") <Makefile >>build/training/out 2>&1; \
	done; \
	kill -TERM $$broker 2>/dev/null; wait $$broker; \
	sed 's/ id: .*//' build/training/*.classes >build/training/list; \
	sed -n '/module-info/d; s/.* \(.*\)\.class$$/\1/p' build/entries >>build/training/list; \
	linking=-XX:+AOTClassLinking; $(JDK)/java $$linking -version >/dev/null 2>&1 || linking=; \
	$(JDK)/java -Xshare:dump -XX:+UseG1GC $$linking -XX:SharedClassListFile=build/training/list -XX:SharedArchiveFile=$@ \
	    -cp '$(CURDIR)/build/launcher.jar:$(CURDIR)/build/daybook.jar' >>build/training/log 2>&1 && \
	grep -qsi ready build/training/log || \
	    { : >$@; echo "warning: no archive of classes, so starts are slower; build/training/log says why" >&2; }

# Fetched where it is not there or not the file that it should be.
$(JUNIT): FORCE
	@echo "$(JUNIT_SHA256)  $@" | sha256sum --check --status - 2>/dev/null && exit; \
	mkdir -p .deps && rm -f $@ && $(MAVEN) dependency:copy -DoutputDirectory='$(CURDIR)/.deps' \
	    -Dartifact=org.junit.platform:junit-platform-console-standalone:$(JUNIT_VERSION) && \
	echo "$(JUNIT_SHA256)  $@" | sha256sum --check --quiet -

# A directory that is left half made would be taken for whole by the next make: it gets its name when it is.
build/tests: build/daybook.jar $(JUNIT) $(TESTS)
	@rm -rf $@ $@.new; mkdir -p $@.new
	@echo 'javac --release 21 src/test/java'
	@$(JAVAC) -Xlint:-try -d $@.new -cp build/classes:$(JUNIT) \
	    $$(find src/test/java $(PRUNED) -name '*.java' -print | $(SORTED))
	@mv $@.new $@ && touch $@

# The last line counts what JUnit's summary counts; a failed container is a test class whose set-up failed.
test: build/tests ## run the tests; ONLY=REGEX runs those in classes whose names contain a match
	@$(JDK)/java -ea -Xmx1g -jar $(JUNIT) execute --class-path build/tests:build/classes --scan-class-path build/tests \
	    --include-classname '.*($(or $(ONLY),Test)).*' --config junit.jupiter.execution.timeout.default=5m \
	    --details summary --disable-banner --disable-ansi-colors --fail-if-no-tests >build/tests.log 2>&1; status=$$?; \
	count() { sed -n "s/^\[ *\([0-9]*\) $$1 *\]$$/\1/p" build/tests.log | tail -n 1 | grep . || echo 0; }; \
	passed=$$(count 'tests successful'); failed=$$(($$(count 'tests failed') + $$(count 'containers failed'))); \
	if [ $$status = 2 ]; then \
	    echo "No test ran: no class matches $(or $(ONLY),Test)."; \
	elif [ $$status != 0 ]; then \
	    sed -n '/^Failures (/,/^Test run finished/p' build/tests.log | grep -a . || tail -n 40 build/tests.log; \
	    echo "What the tests wrote is in build/tests.log."; \
	fi; \
	echo "$$passed passed, $$failed failed"; \
	[ $$status = 0 ] && [ $$passed != 0 ]

# Apache Kafka's own tools and Java clients, from a Maven project of nothing but dependencies.
dependency = <dependency><groupId>$(1)</groupId><artifactId>$(2)</artifactId><version>$(3)</version></dependency>
define KAFKA_POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>daybook</groupId><artifactId>compat</artifactId><version>1</version>
  <dependencies>
    $(call dependency,org.apache.kafka,kafka_2.13,$(KAFKA_VERSION))
    $(call dependency,org.apache.kafka,kafka-tools,$(KAFKA_VERSION))
    $(call dependency,org.apache.kafka,kafka-streams,$(KAFKA_VERSION))
    $(call dependency,org.slf4j,slf4j-simple,1.7.36)
  </dependencies>
</project>
endef
export KAFKA_POM

# What its broker logs goes to standard error, where Compat asks for it.
$(KAFKA)/fetched-to-log:
	@rm -rf $(KAFKA); mkdir -p $(KAFKA); echo "$$KAFKA_POM" >$(KAFKA)/pom.xml
	$(MAVEN) -f $(KAFKA)/pom.xml dependency:copy-dependencies -DoutputDirectory='$(CURDIR)/$(KAFKA)'
	@touch $@

$(KAFKAJS)/fetched:
	npm install --silent --no-audit --no-fund --prefix $(KAFKAJS) kafkajs@$(KAFKAJS_VERSION)
	@touch $@

build/compat: build/daybook.jar $(KAFKA)/fetched-to-log $(COMPAT)
	@rm -rf $@ $@.new; mkdir -p $@.new
	@echo 'javac --release 21 $(APART)'
	@$(JAVAC) -Xlint:-try -d $@.new -cp 'build/classes:$(KAFKA)/*' $$(find $(APART) -name '*.java' | $(SORTED))
	@mv $@.new $@ && touch $@

clients:
	@for program in kcat node npm mvn; do \
	    command -v $$program >/dev/null || { echo "make compat needs $$program:" \
	        "install it (Debian: apt-get install kcat nodejs npm maven)" >&2; exit 1; }; \
	done

compat: clients all build/compat $(KAFKAJS)/fetched ## run real clients against it: kcat, Apache Kafka's, kafkajs
	@$(JDK)/java -ea $(NO_LOG) -cp 'build/compat:build/classes:$(KAFKA)/*' \
	    daybook.compat.Compat $(KAFKA) $(KAFKAJS)/node_modules

# First models of the log room, of a whole broker and of transactions on a disk that breaks, for a tenth as many
# points the latter two, which take longer; then groups in simulated time; then a broker and a load in processes of
# their own.
torture: all build/tests build/compat ## break the disk POINTS times, kill the broker ROUNDS times; SEED= repeats
	@$(JDK)/java -ea -Xmx1g -cp build/tests:build/classes:$(JUNIT) \
	    daybook.log.ModelTorture $(or $(POINTS),10000) $(SEED)
	@$(JDK)/java -ea -Xmx1g -cp build/tests:build/classes:$(JUNIT) \
	    daybook.BrokerModelTorture $$(($(or $(POINTS),10000) / 10)) $(SEED)
	@$(JDK)/java -ea -Xmx1g -cp build/tests:build/classes:$(JUNIT) \
	    daybook.TransactionSimulationTorture $$(($(or $(POINTS),10000) / 10)) $(SEED)
	@$(JDK)/java -ea -Xmx1g -cp build/tests:build/classes:$(JUNIT) \
	    daybook.group.SimulationTorture $$(($(or $(POINTS),10000) / 50)) $(SEED)
	@$(JDK)/java -ea -Xmx1g $(NO_LOG) -cp 'build/compat:build/classes:$(KAFKA)/*' \
	    daybook.compat.Torture $(or $(ROUNDS),200) '$(SEED)'

# The heap of who makes the load is fixed, and its collector has no threads of its own: it must not grow nor work
# while the broker is measured.
bench: all build/compat ## measure it beside Apache Kafka; ONLY=REGEX of loads, MODE=short|full, ROUNDS=, CHART=FILE
	@$(JDK)/java -Xms1g -Xmx1g -XX:+UseSerialGC $(NO_LOG) $(BENCH) -cp 'build/compat:build/classes:$(KAFKA)/*' \
	    daybook.bench.Bench $(KAFKA) $(or $(MODE),full) $(or $(ROUNDS),0) '$(ONLY)'
	@$(if $(CHART),cp build/bench/chart.svg '$(CHART)')

audit: build/daybook.jar ## print the reading order, the lines of each room, the modules required; check the rules
	@mkdir -p build/audit; $(JDK)/javac --release 21 -d build/audit $(AUDIT)
	@$(JDK)/java -cp build/audit daybook.tidy.Audit build/daybook.jar

clean: ## delete what was built; never data, nor what was fetched
	rm -rf build

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 10
