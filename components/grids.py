"""How tables look: one theme of the page's colours for every grid."""

GRID_THEME = """themeQuartz.withParams({
    backgroundColor: 'var(--surface)', foregroundColor: 'var(--text)', accentColor: 'var(--accent)',
    borderColor: 'var(--border)', headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--muted)',
    chromeBackgroundColor: 'var(--raised)', rowHoverColor: 'var(--raised)', browserColorScheme: 'inherit',
    fontFamily: 'inherit', fontSize: 13, headerFontSize: 13, headerFontWeight: 400, spacing: 6, wrapperBorder: false,
    wrapperBorderRadius: 0
})"""
