" Syntax of encoding descriptions.
" Generated from the table of keywords: go test ./editors -update
if exists('b:current_syntax')
  finish
endif

syntax case ignore
syntax match inscribeJunk /^.*$/ contains=NONE
syntax match inscribeEntry /^\s*[^=#;^[][^=]*=.*$/ contains=inscribeName,inscribeValue
syntax match inscribeName /^\s*[^=]*\ze=/ contained contains=inscribeKeyword
syntax match inscribeValue /=\zs.*$/ contained contains=inscribeLiteral,inscribeSpecial,inscribePlaceholder,inscribeBoolean,inscribeNumber,inscribeFunction
syntax match inscribeLiteral /=\@<=\s*#.*$/ contained
syntax match inscribeSpecial /=\@<=\s*!\u\w*/ contained
syntax match inscribePlaceholder /!{[^}]*}/ contained
syntax match inscribeFunction /reg_exp\ze(/ contained
syntax match inscribeNumber /=\@<=\s*\d\+\ze\s*\(,\|$\)/ contained
syntax match inscribeBoolean /=\@<=\s*\(true\|false\)\ze\s*$/ contained
syntax match inscribeHeader /^\s*\[[^]]*\]\s*$/
syntax match inscribeBlank /^\s*$/
syntax match inscribeComment /^\s*[#;].*$/ contains=inscribeSuppression,@Spell
syntax match inscribeSuppression /inscribe:ignore\s\+\S\+/ contained
syntax match inscribeEncrypted /^^.*$/

" [Encoding]
syntax match inscribeKeyword /\<Devices\>/ contained
syntax match inscribeKeyword /\<MessagingServerField\>/ contained
syntax match inscribeKeyword /\<SkipEject\>/ contained
syntax match inscribeKeyword /\<Subtype\>/ contained
syntax match inscribeKeyword /\<Type\>/ contained
" [Description]
syntax match inscribeKeyword /\<AllTokensIccsnsField\>/ contained
syntax match inscribeKeyword /\<ApplicationList\>/ contained
syntax match inscribeKeyword /\<CardManagerKey\>/ contained
syntax match inscribeKeyword /\<ClearFields\>/ contained
syntax match inscribeKeyword /\<InitToken\>/ contained
syntax match inscribeKeyword /\<InitialLabel\>/ contained
syntax match inscribeKeyword /\<InitialPUK\>/ contained
syntax match inscribeKeyword /\<InitialSignPUK\>/ contained
syntax match inscribeKeyword /\<MiniDriverLibrary\>/ contained
syntax match inscribeKeyword /\<PIN\>/ contained
syntax match inscribeKeyword /\<PIN_Validation\>/ contained
syntax match inscribeKeyword /\<PKCS11Library\>/ contained
syntax match inscribeKeyword /\<PKCS11LibraryLinux\>/ contained
syntax match inscribeKeyword /\<PKCS11LibraryMac\>/ contained
syntax match inscribeKeyword /\<PKCS11LibraryWindows32\>/ contained
syntax match inscribeKeyword /\<PKCS11LibraryWindows64\>/ contained
syntax match inscribeKeyword /\<PUK\>/ contained
syntax match inscribeKeyword /\<RetrieveAllTokens\>/ contained
syntax match inscribeKeyword /\<SelectCriteriaIccsn\>/ contained
syntax match inscribeKeyword /\<SetPIN\>/ contained
syntax match inscribeKeyword /\<SignPIN\>/ contained
syntax match inscribeKeyword /\<SignPUK\>/ contained
syntax match inscribeKeyword /\<SignPin_Validation\>/ contained
syntax match inscribeKeyword /\<UseICCSNwithATR\>/ contained
syntax match inscribeKeyword /\<UseSelectCriteriaIccsn\>/ contained
" [Application_X]
syntax match inscribeKeyword /\<ADR_[0-9][0-9][0-9][0-9][0-9]\>/ contained
syntax match inscribeKeyword /\<AttributesDataObject\>/ contained
syntax match inscribeKeyword /\<BlockCard\>/ contained
syntax match inscribeKeyword /\<CertKeyList\>/ contained
syntax match inscribeKeyword /\<CertKeyListMode\>/ contained
syntax match inscribeKeyword /\<CertKeyListReturnField\>/ contained
syntax match inscribeKeyword /\<CertTempl\>/ contained
syntax match inscribeKeyword /\<Certificate\>/ contained
syntax match inscribeKeyword /\<Coerc\>/ contained
syntax match inscribeKeyword /\<DataObject\>/ contained
syntax match inscribeKeyword /\<DescVer\>/ contained
syntax match inscribeKeyword /\<ECCurve\>/ contained
syntax match inscribeKeyword /\<Format\>/ contained
syntax match inscribeKeyword /\<KeyLabel\>/ contained
syntax match inscribeKeyword /\<KeySize\>/ contained
syntax match inscribeKeyword /\<KeyType\>/ contained
syntax match inscribeKeyword /\<LabelExpressionDataObject\>/ contained
syntax match inscribeKeyword /\<Location\>/ contained
syntax match inscribeKeyword /\<Name\>/ contained
syntax match inscribeKeyword /\<Track\>/ contained
syntax match inscribeKeyword /\<WriteCertKeyList\>/ contained
syntax match inscribeKeyword /\<WriteCertificate\>/ contained

highlight default link inscribeJunk Error
highlight default link inscribeHeader Type
highlight default link inscribeComment Comment
highlight default link inscribeSuppression PreProc
highlight default link inscribeEncrypted Special
highlight default link inscribeKeyword Keyword
highlight default link inscribeName Identifier
highlight default link inscribeLiteral String
highlight default link inscribeSpecial Macro
highlight default link inscribePlaceholder Identifier
highlight default link inscribeFunction Function
highlight default link inscribeNumber Number
highlight default link inscribeBoolean Boolean

let b:current_syntax = 'inscribe'
