// Touches pages whose kind of access is known, between the scans of a recording, and says on standard output what a trace must hold of it:
//   expect SECONDS PROCESS FIRST-PAGE PAGES ACCESS NAME
// SECONDS: when it was done, since the program started; the scan after that tells it. PROCESS: 1 this one, 2 its child, 0 either.
// ACCESS: none, read, same (written, the content stays), change (written, other content), new (a page that was not there),
//   unsure (read in a VMA that has just grown, of which soft-dirty bits tell nothing), mostly, hardly (accessed all the time or never: for DAMON).
// Usage: touch-pages pages|flushing|regions SECONDS-FROM-SCAN-TO-SCAN
//   flushing: as pages, and the processor forgets the program's translations before each touch, as it would in time by itself
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { page_size = 4096, huge_page = 2 << 20 };

static struct timespec start;
static double interval;
static int flushes;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9;
}

// Makes the processor forget the translations of this program: more than 33 pages change their protection at once (arch/x86/mm/tlb.c).
static void flush_translations(void) {
  static char *pages;
  if (pages == NULL) {
    pages = mmap(NULL, 64 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(pages, 1, 64 * page_size);
  }
  mprotect(pages, 64 * page_size, PROT_READ);
  mprotect(pages, 64 * page_size, PROT_READ | PROT_WRITE);
}

// Sleeps until the middle between two scans.
static void until_after_scan(int scan) {
  double left = (scan + 0.5) * interval - seconds();
  if (left <= 0) {
    fprintf(stderr, "touch-pages: too late for scan %d; give a longer interval\n", scan);
    exit(1);
  }
  struct timespec wait = {(time_t)left, (long)((left - (time_t)left) * 1e9)};
  nanosleep(&wait, NULL);
  if (flushes)
    flush_translations();
}

// A VMA of its own: reservations on both sides keep it from merging with a neighbour.
static char *map_region(size_t bytes, size_t alignment, int advice) {
  char *reserved = mmap(NULL, bytes + 2 * alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    perror("touch-pages: mmap");
    exit(1);
  }
  char *region = (char *)(((unsigned long)reserved + 2 * alignment - 1) / alignment * alignment);
  mprotect(region, bytes, PROT_READ | PROT_WRITE);
  madvise(region, bytes, advice);
  return region;
}

static void fill(char *region, int pages, unsigned seed) {
  for (int word = 0; word < pages * (page_size / 4); word++)
    ((unsigned *)region)[word] = (word + 1) * 2654435761u + seed;
}

static void expect(int process, const char *region, int first, int pages, const char *access, const char *name) {
  printf("expect %.2f %d %lu %d %s %s\n", seconds(), process, (unsigned long)region / page_size + first, pages, access, name);
  fflush(stdout);
}

static void read_pages(const char *region, int first, int pages) {
  for (int page = first; page < first + pages; page++)
    (void)*(volatile const char *)(region + (long)page * page_size + 64);
}

static void write_pages(char *region, int first, int pages, int change) {
  for (int page = first; page < first + pages; page++) {
    volatile char *byte = region + (long)page * page_size + 64;
    *byte = *byte + change;
  }
}

static int touch_pages(void) {
  char *small = map_region(64 * page_size, page_size, MADV_NOHUGEPAGE);
  char *huge = map_region(huge_page, huge_page, MADV_HUGEPAGE);
  // The heap: brk makes its VMA longer, and with that soft-dirty as a whole.
  char *growing = sbrk(0);
  growing += (page_size - (unsigned long)growing % page_size) % page_size;
  if (brk(growing + 16 * page_size) != 0)
    perror("touch-pages: brk");
  fill(small, 64, 1);
  fill(huge, 512, 2);
  fill(growing, 16, 3);

  until_after_scan(2);
  read_pages(small, 0, 8);
  write_pages(small, 8, 8, 0);
  write_pages(small, 16, 8, 1);
  expect(1, small, 0, 8, "read", "read");
  expect(1, small, 8, 8, "same", "written-same");
  expect(1, small, 16, 8, "change", "written-changed");
  expect(1, small, 24, 40, "none", "untouched");
  expect(1, huge, 0, 512, "none", "huge-untouched");

  until_after_scan(3);
  read_pages(huge, 100, 1);
  expect(1, small, 0, 64, "none", "quiet");
  expect(1, huge, 100, 1, "read", "huge-read");

  until_after_scan(4);
  write_pages(small, 0, 4, 1);
  read_pages(small, 16, 4);
  write_pages(small, 24, 4, 0);
  write_pages(huge, 7, 1, 0);
  expect(1, small, 0, 4, "change", "written-after-read");
  expect(1, small, 16, 4, "read", "read-after-write");
  expect(1, small, 24, 4, "same", "written-first-time");
  expect(1, small, 28, 36, "none", "still-untouched");
  expect(1, huge, 7, 1, "same", "huge-written");
  expect(1, growing, 0, 16, "none", "before-growth");

  until_after_scan(5);
  if (brk(growing + 32 * page_size) != 0)
    perror("touch-pages: brk");
  write_pages(growing, 16, 4, 1);
  read_pages(growing, 0, 4);
  expect(1, growing, 16, 4, "new", "new-in-grown-vma");
  expect(1, growing, 0, 4, "unsure", "read-in-grown-vma");
  expect(1, growing, 4, 12, "none", "untouched-in-grown-vma");

  until_after_scan(6);
  pid_t child = fork();
  if (child == 0) {
    read_pages(small, 32, 8);
    write_pages(small, 40, 4, 1);
    expect(2, small, 40, 4, "change", "child-written");
    until_after_scan(7);
    read_pages(small, 48, 4);
    expect(0, small, 48, 4, "read", "shared-read-by-child");
    expect(2, small, 40, 4, "none", "child-quiet");
    pause();
  }
  expect(1, small, 40, 20, "none", "parent-of-fork");

  until_after_scan(8);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  write_pages(small, 60, 4, 0);
  expect(1, small, 60, 4, "same", "written-after-fork");
  expect(1, small, 56, 4, "none", "untouched-after-fork");
  until_after_scan(9);
  return 0;
}

// For DAMON, which tells regions by sampling: one is read all the time, one never.
static int touch_regions(void) {
  enum { pages = 2048 };
  char *hot = map_region((long)pages * page_size, huge_page, MADV_NOHUGEPAGE);
  char *cold = map_region((long)pages * page_size, huge_page, MADV_NOHUGEPAGE);
  fill(hot, pages, 1);
  fill(cold, pages, 2);
  for (int scan = 0; scan < 10; scan++) {
    while (seconds() < (scan + 0.5) * interval) {
      read_pages(hot, 0, pages);
      flush_translations();
      usleep(1000);
    }
    // Regions need some time to adapt.
    if (scan >= 6 && scan < 9) {
      expect(1, hot, 0, pages, "mostly", "hot-region");
      expect(1, cold, 0, pages, "hardly", "cold-region");
    }
  }
  return 0;
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "Usage: touch-pages pages|flushing|regions SECONDS-FROM-SCAN-TO-SCAN\n");
    return 2;
  }
  clock_gettime(CLOCK_MONOTONIC, &start);
  interval = atof(arguments[2]);
  flushes = strcmp(arguments[1], "flushing") == 0;
  return strcmp(arguments[1], "regions") == 0 ? touch_regions() : touch_pages();
}
