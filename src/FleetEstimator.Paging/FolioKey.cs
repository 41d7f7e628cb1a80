namespace FleetEstimator.Paging;

/// <summary>
/// A folio by where its pages belong, which does not change as entries are unmapped: the index of its first page's entry (mapped or not) and its
/// length. Two folios may begin at one index: a small page faulted in where a large folio lost one.
/// </summary>
internal readonly record struct FolioKey(int First, int Pages);
