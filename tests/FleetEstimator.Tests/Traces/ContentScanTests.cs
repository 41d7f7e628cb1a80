using System.Buffers.Binary;
using CsCheck;
using FleetEstimator.Paging;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Traces;

public sealed class ContentScanTests
{
    // Word, and then perhaps one byte that differs somewhere: what tells a vector loop with a wrong edge from a right one.
    private static readonly Gen<byte[]> _almostRepeated =
        from length in Gen.Int[8, 700]
        from word in Gen.OneOf(Gen.Const(0UL), Gen.ULong, Gen.Byte.Select(value => value * 0x0101010101010101UL))
        from position in Gen.Int[0, length - 1]
        from difference in Gen.OneOf(Gen.Const((byte)0), Gen.Byte)
        select Repeat(word, length, position, difference);

    [Fact]
    public void AgreesWithTheNaiveLook_WhateverTheLength() =>
        Gen.OneOf(_almostRepeated, Gen.Byte.Array[8, 300], Gen.Byte[0, 1].Array[8, 40]).Sample(page =>
        {
            var content = ContentScan.Classify(page, out var word);
            return (content, word) == Naive(page);
        });

    [Fact]
    public void FindsADifferenceInEveryByteOfAPage()
    {
        foreach (var word in (ulong[])[0, 0x0102030405060708])
        {
            var page = Repeat(word, 4096, 0, 0);
            Assert.Equal(word == 0 ? PageContent.Zero : PageContent.Repeated, ContentScan.Classify(page, out _));
            for (var position = 0; position < page.Length; position++)
            {
                page[position] ^= 0x80;
                Assert.Equal(PageContent.Data, ContentScan.Classify(page, out _));
                page[position] ^= 0x80;
            }
        }
    }

    [Fact]
    public void LooksAtUnalignedMemory()
    {
        var memory = new byte[4096 + 64];
        for (var offset = 0; offset < 64; offset++)
        {
            memory.AsSpan().Fill(0xff);
            memory.AsSpan(offset, 4096).Clear();
            Assert.Equal(PageContent.Zero, ContentScan.Classify(memory.AsSpan(offset, 4096), out _));
        }
    }

    private static byte[] Repeat(ulong word, int length, int position, byte difference)
    {
        var bytes = new byte[length];
        var pattern = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(pattern, word);
        for (var index = 0; index < length; index++)
            bytes[index] = pattern[index % 8];
        bytes[position] ^= difference;
        return bytes;
    }

    private static (PageContent Content, ulong Word) Naive(byte[] page)
    {
        for (var index = 8; index < page.Length; index++)
        {
            if (page[index] != page[index % 8])
                return (PageContent.Data, 0);
        }

        var word = BitConverter.ToUInt64(page);
        return (word == 0 ? PageContent.Zero : PageContent.Repeated, word);
    }
}
