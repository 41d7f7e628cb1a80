using System.Text;
using CsCheck;
using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

public sealed class ProcessMapsTests
{
    private const string Example =
        """
        55d0c8a00000-55d0c8a21000 r--p 00000000 fe:00 131101                     /usr/bin/cat
        55d0c8a21000-55d0c8a22000 rw-p 00021000 fe:00 131101                     /usr/bin/cat
        55d0c9b3c000-55d0c9b5d000 rw-p 00000000 00:00 0                          [heap]
        7f2c8c000000-7f2c8c021000 rw-p 00000000 00:00 0
        7f2c8c021000-7f2c90000000 ---p 00000000 00:00 0
        7f2c91000000-7f2c91001000 rw-s 00000000 00:01 2061                       /dev/zero (deleted)
        7f2c92000000-7f2c92001000 rw-p 00000000 00:00 0                          [anon:GC heap]
        7f2c93000000-7f2c93002000 rw-s 00000000 00:01 7                          [anon_shmem:frames]
        7f2c94000000-7f2c94200000 rw-p 00000000 00:10 19                         /anon_hugepage (deleted)
        7ffc3f5e1000-7ffc3f602000 rw-p 00000000 00:00 0                          [stack]
        7ffc3f7d4000-7ffc3f7d8000 r--p 00000000 00:00 0                          [vvar]
        7ffc3f7d8000-7ffc3f7da000 r-xp 00000000 00:00 0                          [vdso]
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]

        """;

    [Fact]
    public void KeepsPrivateAnonymousMemoryOnly()
    {
        Assert.Equal(
            [
                new AnonymousMapping(new PageRange(0x55d0c9b3c, 0x55d0c9b5d), true),
                new AnonymousMapping(new PageRange(0x7f2c8c000, 0x7f2c8c021), true),
                new AnonymousMapping(new PageRange(0x7f2c8c021, 0x7f2c90000), false),
                new AnonymousMapping(new PageRange(0x7f2c92000, 0x7f2c92001), true),
                new AnonymousMapping(new PageRange(0x7ffc3f5e1, 0x7ffc3f602), true),
            ],
            Parse(Example));
    }

    [Fact]
    public void GivesBackTheRangesThatWereWritten() =>
        Gen.Select(Gen.ULong[1, 1UL << 20], Gen.ULong[1, 1000], Gen.OneOf("", "[heap]", "[stack]", "[anon:x y]", "/tmp/a b", "[vdso]"), Gen.OneOf("rw-p", "---p", "r--p", "rw-s"))
            .List[0, 20]
            .Sample(written =>
            {
                var text = new StringBuilder();
                var expected = new List<AnonymousMapping>();
                var end = 0UL;
                foreach (var (gap, pages, name, permissions) in written)
                {
                    var start = end + gap;
                    end = start + pages;
                    _ = text.Append($"{start * 4096:x8}-{end * 4096:x8} {permissions} 00000000 00:00 0 {new string(' ', 20)}{name}\n");
                    if (permissions[3] == 'p' && name is not ("/tmp/a b" or "[vdso]"))
                        expected.Add(new AnonymousMapping(new PageRange(start, end), permissions != "---p"));
                }

                return Parse(text.ToString()).SequenceEqual(expected);
            });

    [Theory]
    [InlineData("rubbish")]
    [InlineData("1000-2000 rw-p")]
    [InlineData("2000-1000 rw-p 00000000 00:00 0")]
    [InlineData("1000 2000 rw-p 00000000 00:00 0")]
    [InlineData("1000-2000 rw-p 00000000 00:00 x")]
    public void QuotesALineThatIsNoMapping(string line) =>
        Assert.Contains(line, Assert.Throws<FormatException>(() => Parse(line + "\n")).Message, StringComparison.Ordinal);

    private static List<AnonymousMapping> Parse(string text)
    {
        var mappings = new List<AnonymousMapping>();
        ProcessMaps.Parse(Encoding.UTF8.GetBytes(text), 4096, mappings);
        return mappings;
    }
}
